import Foundation
import T2Core

/// A local worker crashed too often.
package struct LocalWorkerError: UserFacingError {
    package let number: Int
    package let how: String
    package let log: String

    package var description: String {
        "local worker \(number) crashed \(RestartBackoff.limit + 1) times, each time soon after its start, most recently \(how). "
            + "The last lines of \(log):" + lastLines.map { "\n  \($0)" }.joined()
            + "\nRemove the cause and continue with --resume."
    }

    package var exitStatus: ExitStatus { .unavailable }

    private var lastLines: [String] {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(5).map(String.init)
    }
}
