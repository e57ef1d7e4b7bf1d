import Foundation
import T2Core
import Testing

@Suite("Output that nothing reads")
struct OutputQueueTests {
    @Test("holds up no writer; the oldest pieces are dropped, counted, and the newest arrive")
    func unread() throws {
        let pipe = Pipe()
        let queue = OutputQueue(pipe.fileHandleForWriting.fileDescriptor)
        // 2 MB: more than a pipe and the queue hold.
        for number in 0..<20_000 { queue.write("line \(number) " + String(repeating: "x", count: 90) + "\n") }
        queue.flush(within: .milliseconds(10))
        queue.write("the end\n")
        var text = ""
        while !text.hasSuffix("the end\n") {
            text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        }
        let lines = text.split(separator: "\n")
        let notices = lines.compactMap { $0.firstMatch(of: /^\((\d+) pieces of output were dropped here/)?.1 }
        #expect(!notices.isEmpty)
        #expect(lines.count - notices.count + notices.reduce(0) { $0 + (Int($1) ?? 0) } == 20_001)
    }

    @Test("ends quietly when its reader is gone")
    func closed() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        let queue = OutputQueue(pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        for _ in 0..<3 {
            queue.write("nobody\n")
            queue.flush()
        }
    }
}
