import T2Core

/// Everything that is wrong with a run's configuration, all of it at once.
package struct ConfigurationError: UserFacingError, Equatable {
    package struct Problem: Sendable, Equatable {
        /// `math.yaml:3`, `--steps`, or the key itself.
        package let place: String
        package let message: String
    }

    package let problems: [Problem]

    package init(problems: [Problem]) { self.problems = problems }

    package init(_ place: String, _ message: String) { problems = [Problem(place: place, message: message)] }

    package var description: String {
        problems.map { "\($0.place): \($0.message)" }.joined(separator: "\n       ")
    }

    package var exitStatus: ExitStatus { .configuration }
}
