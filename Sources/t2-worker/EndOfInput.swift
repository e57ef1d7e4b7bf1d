import Foundation

/// The end of standard input, which means that the program that started this worker has ended.
enum EndOfInput {
    /// From here on the end of standard input sends this process SIGTERM. It comes even if the other program was killed.
    static func watch() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                kill(getpid(), SIGTERM)
                return
            }
        }
    }
}
