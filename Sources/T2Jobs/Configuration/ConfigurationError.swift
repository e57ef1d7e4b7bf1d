import T2Core

/// All problems of a run's configuration, reported together.
package struct ConfigurationError: UserFacingError, Equatable {
    package struct Problem: Sendable, Equatable {
        /// The origin of the value: `math.yaml:3`, `--steps`, or the key itself.
        package let location: String
        package let message: String
    }

    package let problems: [Problem]

    package init(problems: [Problem]) { self.problems = problems }

    package init(_ location: String, _ message: String) { problems = [Problem(location: location, message: message)] }

    package var description: String {
        problems.map { "\($0.location): \($0.message)" }.joined(separator: "\n       ")
    }

    package var exitStatus: ExitStatus { .configuration }
}
