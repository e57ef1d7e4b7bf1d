import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Formats
import Testing

struct LocalWorkersTests {
    static func workers(
        _ folder: TestRun.Folder, count: Int, script: String,
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        giveUp: @escaping @Sendable (any Error) async -> Void
    )
        throws -> LocalWorkers
    {
        let program = folder.path + "/program"
        try AtomicFile.write("#!/bin/sh\n\(script)\n", to: program)
        chmod(program, 0o755)
        return LocalWorkers(
            plan: .init(
                count: count, program: program, endpoint: "tcp://127.0.0.1:1", model: "/m", logFolder: folder.path),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, wait: wait, giveUp: giveUp)
    }

    @Test("a worker that keeps crashing is started again after growing pauses, then given up with its last words")
    func crashing() async throws {
        let folder = try TestRun.Folder()
        let (errors, post) = AsyncStream<any Error>.makeStream()
        let (pauses, postPause) = AsyncStream<Duration>.makeStream()
        let workers = try Self.workers(
            folder, count: 1, script: "echo no such model >&2; exit 66", wait: { postPause.yield($0) },
            giveUp: { post.yield($0) })
        try await workers.start()
        let error = try #require(await errors.first { _ in true } as? LocalWorkerError)
        #expect(error.description.contains("crashed 8 times"))
        #expect(error.description.contains("ended with status 66"))
        #expect(error.description.contains("no such model"))
        #expect(error.exitStatus == .unavailable)
        postPause.finish()
        let seconds = await pauses.reduce(into: []) { $0.append($1 / .seconds(1)) }
        #expect(seconds == [0.5, 1, 2, 4, 8, 16, 30])
        let log = try String(contentsOfFile: folder.path + "/worker-1.log", encoding: .utf8)
        #expect(log.split(separator: "\n").count == 8)
        await workers.stop()
    }

    @Test("a worker that is killed, and killed again, works on under a new name each time", .timeLimit(.minutes(20)))
    func killedTwice() async throws {
        let folder = try TestRun.Folder()
        // It kills itself twice; the third one waits for the end of its input.
        let script = """
            echo "$@" >> \(folder.path)/starts
            if [ "$(wc -l < \(folder.path)/starts)" -lt 3 ]; then kill -9 $$; fi
            touch \(folder.path)/alive; cat
            """
        let workers = try Self.workers(folder, count: 1, script: script, wait: { _ in }) { Issue.record($0) }
        try await workers.start()
        while !FileManager.default.fileExists(atPath: folder.path + "/alive") {
            try await Task.sleep(for: .milliseconds(1))
        }
        await workers.stop()
        let starts = try String(contentsOfFile: folder.path + "/starts", encoding: .utf8).split(separator: "\n")
        let names = starts.map { $0.split(separator: " ").drop { $0 != "--name" }.dropFirst().first }
        #expect(names == ["local-1", "local-1.2", "local-1.3"])
    }

    @Test("nobody is started again once the run is over")
    func stoppedDuringPause() async throws {
        let folder = try TestRun.Folder()
        let (pauses, postPause) = AsyncStream<Duration>.makeStream()
        let workers = try Self.workers(
            folder, count: 1, script: "echo started; exit 1",
            wait: { pause in
                postPause.yield(pause)
                try await Task.sleep(for: .seconds(600))
            }, giveUp: { Issue.record($0) })
        try await workers.start()
        _ = await pauses.first { _ in true }
        await workers.stop()
        #expect(try String(contentsOfFile: folder.path + "/worker-1.log", encoding: .utf8) == "started\n")
    }

    @Test("workers leave when their standard input ends")
    func stop() async throws {
        let folder = try TestRun.Folder()
        let workers = try Self.workers(folder, count: 3, script: "cat; echo left $9") { Issue.record($0) }
        try await workers.start()
        await workers.stop()
        for number in 1...3 {
            let log = try String(contentsOfFile: "\(folder.path)/worker-\(number).log", encoding: .utf8)
            #expect(log.hasPrefix("left"))
        }
    }

    @Test("a missing program is said before anything is started")
    func missingProgram() async throws {
        let workers = LocalWorkers(
            plan: .init(count: 1, program: "/nowhere/t2-worker", endpoint: "e", model: "m", logFolder: "/tmp"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, giveUp: { _ in })
        let error = await #expect(throws: InputError.self) { try await workers.start() }
        #expect(error?.exitStatus == .noInput)
    }

    @Test(
        "the cores are shared out among the workers", arguments: [(1, 8, "8"), (2, 8, "4"), (3, 8, "2"), (9, 8, "1")])
    func lanes(count: Int, cores: Int, lanes: String) throws {
        let plan = LocalWorkers.Plan(count: count, program: "p", endpoint: "e", model: "m", logFolder: "f")
        let arguments = plan.arguments(worker: 1, cores: cores)
        let place = try #require(arguments.firstIndex(of: "--cores"))
        #expect(arguments[place + 1] == lanes)
    }

    @Test("pauses double from crash to crash; a worker that lived for a minute starts a new row")
    func policy() {
        var policy = RestartBackoff()
        #expect(policy.pause(afterLife: .seconds(1)) == .seconds(0.5))
        #expect(policy.pause(afterLife: .seconds(59)) == .seconds(1))
        #expect(policy.pause(afterLife: .seconds(60)) == .seconds(0.5))
        #expect((2...7).allSatisfy { _ in policy.pause(afterLife: .zero) != nil })
        #expect(policy.pause(afterLife: .zero) == nil)
    }
}
