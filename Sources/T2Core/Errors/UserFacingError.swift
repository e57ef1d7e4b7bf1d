/// An error that a user can act on: its message says what is wrong and where, expected against found, and the remedy.
///
/// Every error that leaves a module conforms. Programs print `description` after `error: ` and exit with `exitStatus`.
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
    ///   - location: the file, flag or key at fault.
    ///   - problem: what was found against what was expected.
    ///   - remedy: what to do about it, as a sentence.
    package init(_ location: String, _ problem: String, remedy: String, exitStatus: ExitStatus = .data) {
        self.description = "\(location): \(problem). \(remedy)"
        self.exitStatus = exitStatus
    }
}

/// The exit statuses of the t2 programs, from sysexits.h.
package enum ExitStatus: Int32, Sendable, Equatable {
    case success = 0
    case usage = 64
    case data = 65
    case noInput = 66
    case unavailable = 69
    case internalError = 70
    case cannotCreate = 73
    case inputOutput = 74
    case tryAgain = 75
    case protocolViolation = 76
    case permission = 77
    case configuration = 78
}
