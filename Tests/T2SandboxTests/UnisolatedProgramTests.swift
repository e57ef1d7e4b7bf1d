import Foundation
import T2Core
import T2Sandbox
import T2TestSupport
import Testing

/// The unsafe way: what it still keeps. What it gives up is in `ProgramIsolation`.
@Suite("Programs without bubblewrap", .serialized, .timeLimit(.minutes(20)))
struct UnisolatedProgramTests {
    private let healthy = Program(source: "def f():\n    return 1", tests: ["assert f() == 1"])

    private func sandbox(wallSeconds: Double = 20) throws -> ProgramSandbox {
        var limits = ProgramLimits()
        limits.processorSeconds = 1
        limits.wallSeconds = wallSeconds
        // No bubblewrap in this folder, so that none can be used.
        let folder = try TemporaryFolder()
        try folder.link("python3", to: "/usr/bin/python3")
        return try ProgramSandbox(parallelism: 1, limits: limits, isolation: .none, searchPath: folder.path)
    }

    @Test("are never what one gets without asking")
    func asked() throws {
        let folder = try TemporaryFolder()
        try folder.link("python3", to: "/usr/bin/python3")
        #expect(throws: SandboxError.self) { try ProgramSandbox(parallelism: 1, searchPath: folder.path) }
        #expect(try ProgramSandbox(parallelism: 1).isolation == .bubblewrap)
    }

    @Test("are judged the same")
    func verdicts() throws {
        let sandbox = try sandbox()
        #expect(sandbox.isolation == .none)
        let results = sandbox.run([
            healthy, Program(source: "def f():\n    return 2", tests: healthy.tests),
            Program(
                source: "class E:\n    def __eq__(self, other): return True\ndef f(): return E()", tests: healthy.tests),
            Program(source: "import os\nos._exit(0)", tests: healthy.tests),
            Program(source: "import os\nos.kill(0, 9)", tests: ["assert True"]), healthy,
        ])
        #expect(results[0] == .passed)
        #expect(results[1] == .failed(reason: "test 1: AssertionError"))
        #expect(results[2] == .failed(reason: "test 1: AssertionError"))
        #expect(results[3] == .failed(reason: "ended before its tests did"))
        #expect(results[4] != .passed)
        #expect(results[5] == .passed)
    }

    @Test(
        "still have limits",
        arguments: [
            ("while True: pass", "processor time", 600), ("x = [0] * (1 << 32)", "MemoryError", 600),
            ("open('x', 'wb').write(bytes(100 << 20))", "File too large", 600),
            ("import time\ntime.sleep(600)", "ran longer than", 2.0),
        ])
    func limits(source: String, reason: String, wallSeconds: Double) throws {
        let results = try sandbox(wallSeconds: wallSeconds).run([
            Program(source: source, tests: ["assert True"]), healthy,
        ])
        guard case .failed(let found) = results[0] else {
            Issue.record("expected a failure, found \(results[0])")
            return
        }
        #expect(found.contains(reason))
        #expect(results[1] == .passed)
    }

    @Test("leave no process and no file behind, however they detach themselves")
    func nothingIsLeft() throws {
        let folder = try TemporaryFolder()
        let source = """
            import os, time
            record = open('\(folder.path)/left', 'w')
            print(os.getcwd(), file=record)
            open('x', 'w').close()
            ready, end = os.pipe()
            for i in range(3):
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        os.setsid()
                        print(os.getpid(), file=record, flush=True)
                        os.write(end, b'x')
                        time.sleep(600)
                    os._exit(0)
            for i in range(3): os.read(ready, 1)
            """
        #expect(try sandbox().run([Program(source: source, tests: ["assert True"]), healthy]) == [.passed, .passed])
        let lines = try String(contentsOfFile: "\(folder.path)/left", encoding: .utf8).split(separator: "\n")
        let processes = lines.compactMap { pid_t($0) }
        #expect(processes.count == 3)
        for process in processes { #expect(kill(process, 0) == -1) }
        let place = try #require(lines.first { $0.hasPrefix("/") })
        #expect(!FileManager.default.fileExists(atPath: String(place)))
    }

    @Test("end when the one who runs them goes away")
    func owner() throws {
        let interpreter: pid_t
        do {
            let sandbox = try sandbox()
            interpreter = try #require(sandbox.processIdentifiers[0])
        }
        // The suite's time limit is what fails if it never ends.
        while kill(interpreter, 0) == 0 { sched_yield() }
    }
}
