import Foundation
import T2TestSupport
import Testing

@Suite("Programs whose reader has closed the pipe")
struct ClosedPipeTests {
    private static let evaluation = [
        "eval", "--model", Repository.path + "/experts/tiny/base", "--task", "gsm-mini", "--limit", "1",
    ]

    @Test(
        "end with success and without a message",
        arguments: [
            ("t2", ["tasks", "list"]), ("t2", evaluation),
            ("t2-coord", evaluation + ["--local-workers", "1", "--bind", "tcp://127.0.0.1:0"]),
        ])
    func closed(program: String, arguments: [String]) throws {
        let process = Process(program: program, arguments)
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try output.fileHandleForReading.close()
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(process.waitForStatus() == 0, "\(text)")
        #expect(!text.contains("error"), "\(text)")
    }
}
