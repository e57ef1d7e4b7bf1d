import Foundation

/// A failed system call on a path, with the system's own message.
package struct SystemError: UserFacingError, Equatable {
    package let operation: String
    package let path: String
    package let code: Int32

    package init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var description: String {
        "\(path): cannot \(operation): \(String(cString: strerror(code))). \(consequence.remedy)"
    }

    package var exitStatus: ExitStatus { consequence.exitStatus }

    private var consequence: (exitStatus: ExitStatus, remedy: String) {
        switch code {
        case ENOENT: (.noInput, "Check the path.")
        case EACCES, EPERM, EROFS:
            (.permission, "Choose a path that this user has access to, or change its permissions.")
        case ENOSPC, EDQUOT: (.inputOutput, "Free some disk space and run the same command again.")
        case EMFILE, ENFILE:
            (.unavailable, "No descriptors are left: raise the limit on open files (ulimit -n) and try again.")
        case EEXIST, ENOTDIR, EISDIR: (.cannotCreate, "Choose another path.")
        case ENAMETOOLONG: (.cannotCreate, "Choose a shorter path.")
        default: (.inputOutput, "Check the disk and try again.")
        }
    }
}
