import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("A program whose output nothing reads", .serialized)
struct UnreadOutputTests {
    /// A pipe of 4 KiB that is open and never read.
    private final class UnreadPipe {
        private var ends: [Int32] = [0, 0]

        init() throws {
            try #require(pipe(&ends) == 0)
            // F_SETPIPE_SZ, which Glibc does not show to Swift.
            try #require(fcntl(ends[1], 1031, 4096) >= 4096)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }

        deinit { for end in ends { close(end) } }

        var writing: FileHandle { FileHandle(fileDescriptor: ends[1], closeOnDealloc: false) }

        /// Whether no byte more fits in.
        var isFull: Bool {
            var state = pollfd(fd: ends[1], events: Int16(POLLOUT), revents: 0)
            return poll(&state, 1, 0) == 0
        }
    }

    /// Polls until a condition holds; false after a generous time.
    private static func wait(seconds: Int = 120, until condition: () throws -> Bool) async throws -> Bool {
        for _ in 0..<seconds * 10 {
            if try condition() { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private static func start(_ program: String, _ arguments: [String], _ pipe: UnreadPipe) throws -> Process {
        let process = Process(program: program, arguments)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe.writing
        process.standardError = pipe.writing
        try process.run()
        return process
    }

    @Test("is a coordinator that trains on, and that ends on SIGTERM with status 0")
    func coordinator() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let pipe = try UnreadPipe()
        let arguments = try cluster.arguments(model, runFolder: cluster.runFolder)
        let process = try Self.start("t2-coord", arguments + ["--steps", "100000", "--local-workers", "1"], pipe)
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        #expect(try await Self.wait { pipe.isFull })
        func steps() -> Int { ((try? cluster.recordedSteps()) ?? []).count }
        let before = steps()
        #expect(try await Self.wait { steps() >= before + 50 }, "\(before) steps, then \(steps())")
        process.terminate()
        #expect(try await Self.wait(seconds: 30) { !process.isRunning })
        try #require(!process.isRunning)
        #expect(process.waitForStatus() == 0)
        let log = try String(contentsOfFile: cluster.runFolder + "/train.log", encoding: .utf8)
        #expect(log.contains(" 50/100000 ") && log.contains("stopped in step "))
    }

    @Test("is a worker that computes on, and that leaves with the coordinator")
    func worker() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let coordinator = try cluster.coordinator(model, extra: ["--steps", "60"])
        let pipe = try UnreadPipe()
        let worker = try Self.start(
            "t2-worker",
            ["join", try await cluster.endpoint(coordinator), "--model", model.path, "--lanes", "1", "--verbose"], pipe)
        defer { if worker.isRunning { kill(worker.processIdentifier, SIGKILL) } }
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(pipe.isFull, "the worker said too little for this test")
        #expect(try await Self.wait(seconds: 30) { !worker.isRunning })
    }
}
