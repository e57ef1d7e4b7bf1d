import GRDB
import T2Core

/// An error of the run's database, with SQLite's message.
package enum RunStoreError: UserFacingError, Equatable {
    case failed(path: String, operation: String, code: Int, message: String)
    /// A row that SQLite reads, but whose content is no record of this program.
    case damaged(path: String, location: String, problem: String)
    case newerSchema(path: String)
    case olderSchema(path: String)

    /// Replaces errors of SQLite by ones that say what was tried with which file.
    static func explaining<Value>(_ operation: String, _ path: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError {
            throw Self.failed(
                path: path, operation: operation, code: Int(error.resultCode.rawValue),
                message: error.message ?? error.resultCode.description)
        } catch let error where error is DecodingError || error is RowDecodingError {
            throw Self.damaged(path: path, location: "where this was tried: \(operation)", problem: problem(error))
        }
    }

    /// The problem in one phrase. A damaged row may be long.
    static func problem(_ error: any Error) -> String { String(decodingProblem(error).prefix(200)) }

    package var description: String {
        switch self {
        case .damaged(let path, let location, let problem):
            "\(path): damaged, \(location): \(problem). Restore the file from a copy together with its -wal, or start in "
                + "another --run-dir."
        case .failed(let path, let operation, let code, let message):
            "\(path): cannot \(operation): SQLite error \(code): \(message). \(Self.remedy(code))"
        case .newerSchema(let path):
            "\(path): was written by a newer t2. Update t2, or start in another --run-dir."
        case .olderSchema(let path):
            "\(path): was written by an older t2, whose tables this one does not read. Continue with the t2 that wrote it, "
                + "or start in another --run-dir."
        }
    }

    private static func remedy(_ code: Int) -> String {
        switch ResultCode(rawValue: CInt(code)) {
        case .SQLITE_FULL: "Free some disk space and continue with --resume."
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM: "Choose a --run-dir that this user may write to."
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            "The file is damaged; restore it from a copy, or start in another --run-dir."
        case .SQLITE_BUSY: "Another program holds it; close that program and continue with --resume."
        default: "Check the disk and continue with --resume."
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .newerSchema, .olderSchema, .damaged: .data
        case .failed(_, _, let code, _):
            switch ResultCode(rawValue: CInt(code)) {
            case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM: .cannotCreate
            case .SQLITE_NOTADB, .SQLITE_CORRUPT: .data
            default: .inputOutput
            }
        }
    }
}
