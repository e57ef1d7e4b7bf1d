import Foundation
import Logging
import T2Coordinator
import T2Core
import Testing

struct LocalWorkersTests {
    static func workers(
        _ folder: TestRun.Folder, count: Int, script: String, giveUp: @escaping @Sendable (any Error) async -> Void
    )
        throws -> LocalWorkers
    {
        let program = folder.path + "/program"
        try AtomicFile.write("#!/bin/sh\n\(script)\n", to: program)
        chmod(program, 0o755)
        return LocalWorkers(
            plan: .init(
                count: count, program: program, endpoint: "tcp://127.0.0.1:1", model: "/m", logFolder: folder.path),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, giveUp: giveUp)
    }

    @Test("a worker that keeps crashing is started four times, then given up with its last words")
    func crashing() async throws {
        let folder = try TestRun.Folder()
        let (errors, post) = AsyncStream<any Error>.makeStream()
        let workers = try Self.workers(folder, count: 1, script: "echo no such model >&2; exit 66") { post.yield($0) }
        try await workers.start()
        let error = try #require(await errors.first { _ in true } as? LocalWorkerError)
        #expect(error.description.contains("ended with status 66"))
        #expect(error.description.contains("no such model"))
        #expect(error.exitStatus == .unavailable)
        let log = try String(contentsOfFile: folder.path + "/worker-1.log", encoding: .utf8)
        #expect(log.split(separator: "\n").count == 4)
        await workers.stop()
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
        let place = try #require(arguments.firstIndex(of: "--lanes"))
        #expect(arguments[place + 1] == lanes)
    }

    @Test("three crashes within a minute are forgiven, a fourth is not; old ones are forgotten")
    func policy() {
        let start = ContinuousClock.now
        var policy = RestartPolicy()
        #expect([0, 1, 2, 3].map { policy.mayRestart(at: start + .seconds($0)) } == [true, true, true, false])
        var patient = RestartPolicy()
        #expect((0..<20).allSatisfy { patient.mayRestart(at: start + .seconds(21 * $0)) })
    }
}
