/// The exit statuses of every t2 program, after sysexits.h.
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
