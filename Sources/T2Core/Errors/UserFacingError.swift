/// An error that a person can act on: what is wrong, where, what was found against what was expected, and the remedy.
///
/// Every error that leaves a module conforms; a program prints `description` after `error: ` and ends with `exitStatus`.
package protocol UserFacingError: Error, CustomStringConvertible, Sendable {
    /// The whole message, ending with the remedy; no trailing newline.
    var description: String { get }
    var exitStatus: ExitStatus { get }
}

/// A file, folder or value that the user gave and that cannot be used as it is.
package struct InputError: UserFacingError, Equatable {
    package let description: String
    package let exitStatus: ExitStatus

    /// - Parameters:
    ///   - place: the file, flag or key at fault.
    ///   - problem: what was found against what was expected.
    ///   - remedy: what to do about it, as a sentence.
    package init(_ place: String, _ problem: String, remedy: String, exitStatus: ExitStatus = .data) {
        self.description = "\(place): \(problem). \(remedy)"
        self.exitStatus = exitStatus
    }
}
