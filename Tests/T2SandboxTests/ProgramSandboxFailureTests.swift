import Foundation
import T2Core
import T2Sandbox
import T2TestSupport
import Testing

/// What happens when the sandbox itself breaks.
@Suite("A sandbox that breaks", .timeLimit(.minutes(20)))
struct ProgramSandboxFailureTests {
    private let healthy = Program(source: "def f():\n    return 1", tests: ["assert f() == 1"])

    @Test("ends a program that waits for ever")
    func wallTime() throws {
        var limits = ProgramLimits()
        limits.wallSeconds = 1
        let sandbox = try ProgramSandbox(parallelism: 1, limits: limits)
        let sleeping = Program(source: "import time\nwhile True: time.sleep(60)", tests: ["assert True"])
        #expect(sandbox.run([sleeping]) == [.failed(reason: "ran longer than 1 s")])
        #expect(sandbox.run([healthy]) == [.passed])
    }

    @Test("answers a batch in its order, whatever ends first")
    func order() throws {
        let sandbox = try ProgramSandbox(parallelism: 2)
        let programs = (0..<40).map { index in
            Program(
                source: "import time\ntime.sleep(\(index % 4 == 0 ? 0.05 : 0))", tests: ["assert \(index) % 3 == 0"])
        }
        let results = sandbox.run(programs)
        #expect(results.map { $0 == .passed } == (0..<40).map { $0 % 3 == 0 })
        #expect(sandbox.run([]) == [])
    }

    /// Its place in the line of descent from the process that the sandbox started.
    enum Victim: Int, CaseIterable {
        case bubblewrap = 0
        case runner = 1
        case program = 3
    }

    @Test(
        "calls the program missing when its process is killed from outside, and runs the next",
        arguments: Victim.allCases)
    func killed(victim: Victim) throws {
        let sandbox = try ProgramSandbox(parallelism: 1)
        let endless = Program(source: "import time\nwhile True: time.sleep(60)", tests: ["assert True"])
        let outcome = BackgroundResult { sandbox.run([endless])[0] }
        // bubblewrap, its runner, the keeper, the program: each the only child of the one before, once the program
        // runs.
        var line: [pid_t] = []
        while line.count < 4 {
            sched_yield()
            line = lineOfDescent(from: try #require(sandbox.processIdentifiers[0]))
        }
        kill(line[victim.rawValue], SIGKILL)
        guard case .notRun = outcome.wait() else {
            Issue.record("nothing is known about a program that was killed from outside")
            return
        }
        #expect(sandbox.run([healthy, healthy]) == [.passed, .passed])
        let ended = victim == .program ? line[2...] : line[0...]
        for process in ended { waitUntilEnded(process) }
    }

    @Test("loses no program when its interpreter dies idle")
    func killedIdle() throws {
        let sandbox = try ProgramSandbox(parallelism: 1)
        let process = try #require(sandbox.processIdentifiers[0])
        kill(process, SIGKILL)
        waitUntilEnded(process)
        #expect(sandbox.run([healthy]) == [.passed])
    }

    @Test("names the package that is absent", arguments: [("bwrap", "bubblewrap"), ("python3", "python3")])
    func absent(program: String, package: String) throws {
        let folder = try TemporaryFolder()
        for other in ["bwrap", "python3", "setpriv"] where other != program {
            try folder.link(other, to: "/usr/bin/\(other)")
        }
        let error = #expect(throws: SandboxError.self) {
            try ProgramSandbox(parallelism: 1, searchPath: folder.path)
        }
        #expect(error?.exitStatus == .unavailable)
        #expect(error?.description.contains("\(program) was not found in \(folder.path)") == true)
        #expect(error?.description.hasSuffix("apt-get install \(package)") == true)
    }

    @Test("says what bubblewrap said when it cannot start, and how to allow it")
    func cannotStart() throws {
        let folder = try TemporaryFolder()
        // A bubblewrap that knows none of its options, as a much older one would.
        try folder.link("bwrap", to: "/usr/bin/env")
        let error = #expect(throws: SandboxError.self) {
            try ProgramSandbox(parallelism: 2, searchPath: "\(folder.path):/usr/bin")
        }
        #expect(error?.exitStatus == .unavailable)
        #expect(error?.description.contains("--help") == true)
        #expect(error?.description.contains("user.max_user_namespaces") == true)
    }

    @Test("quotes bubblewrap where it may make no namespaces, and tells why or lists what may be the cause")
    func noNamespaces() throws {
        let folder = try TemporaryFolder()
        try folder.writeExecutable(
            "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n", to: "bwrap")
        // Root becomes nobody first, who must be able to reach the program.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        let error = #expect(throws: SandboxError.self) {
            try ProgramSandbox(parallelism: 1, searchPath: "\(folder.path):/usr/bin")
        }
        #expect(error?.exitStatus == .unavailable)
        #expect(error?.description.contains("bwrap: setting up uid map: Permission denied") == true)
        let remedies = ["sysctl -w", "--security-opt"]
        #expect(remedies.contains { error?.description.contains($0) == true })
    }

    /// The suite's time limit is what fails if it never does.
    private func waitUntilEnded(_ process: pid_t) {
        while isRunning(process) { sched_yield() }
    }

    private func isRunning(_ process: pid_t) -> Bool {
        // A zombie has ended; its parent just has not looked yet.
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return status[(status.lastIndex(of: ")") ?? status.startIndex)...].dropFirst(2).first != "Z"
    }

    private func lineOfDescent(from process: pid_t) -> [pid_t] {
        let path = "/proc/\(process)/task/\(process)/children"
        guard let children = try? String(contentsOfFile: path, encoding: .utf8),
            let child = children.split(separator: " ").first.flatMap({ pid_t($0) })
        else { return [process] }
        return [process] + lineOfDescent(from: child)
    }
}

/// A result that another thread is working on.
private final class BackgroundResult: Sendable {
    private nonisolated(unsafe) var result: ProgramResult?
    private let done = DispatchSemaphore(value: 0)

    init(_ work: @escaping @Sendable () -> ProgramResult) {
        Thread.detachNewThread {
            self.result = work()
            self.done.signal()
        }
    }

    func wait() -> ProgramResult? {
        done.wait()
        return result
    }
}
