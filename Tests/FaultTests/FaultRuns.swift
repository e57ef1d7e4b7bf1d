import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2TestSupport

/// Runs the jobs, and keeps their results without faults.
actor FaultRuns {
    enum Kind: Hashable {
        case training
        case evaluation
        case search(FewShotSearch.Method)
    }

    struct Outcome: Sendable {
        /// The bytes that are compared.
        let result: Data
        /// How often each fate struck.
        let faults: [FaultPlan.Fate: Int]
        let restarts: Int
    }

    static let shared = FaultRuns()

    let jobs = Result { try FaultJobs() }
    private var undisturbed: [Kind: Data] = [:]

    /// The result of a job with one worker and no faults.
    func undisturbed(_ kind: Kind) async throws -> Data {
        if let known = undisturbed[kind] { return known }
        let result = try await run(kind, seed: nil).result
        undisturbed[kind] = result
        return result
    }

    func run(_ kind: Kind, seed: UInt64?, coordinatorCuts: [Int] = []) async throws -> Outcome {
        let jobs = try jobs.get()
        var cluster = FaultyCluster(engine: jobs.engine, seed: seed)
        if seed == nil { cluster.workers = 1 }
        cluster.coordinatorCuts = coordinatorCuts
        func outcome<J: Job>(_ job: J, _ bytes: (J) throws -> Data) async throws -> Outcome {
            let found = try await cluster.run(job)
            return Outcome(result: try bytes(found.job), faults: found.faults, restarts: found.restarts)
        }
        return switch kind {
        case .training: try await outcome(try jobs.training(), Self.bytes)
        case .evaluation: try await outcome(jobs.evaluation(), Self.bytes)
        case .search(let method): try await outcome(try jobs.search(method), Self.bytes)
        }
    }

    /// Runs a job of each kind at the same time with the same workers; the results are in the order of `Kind`.
    func runTogether(seed: UInt64) async throws -> [Data] {
        let jobs = try jobs.get()
        let (training, evaluation, search) = (try jobs.training(), jobs.evaluation(), try jobs.search(.cem))
        return try await FaultyCluster(engine: jobs.engine, seed: seed).run { dispatcher, _ in
            async let trained = FaultyCluster.run(training, dispatcher)
            async let evaluated = FaultyCluster.run(evaluation, dispatcher)
            async let searched = FaultyCluster.run(search, dispatcher)
            return [
                try Self.bytes(try await trained), try Self.bytes(try await evaluated),
                try Self.bytes(try await searched),
            ]
        }.result
    }

    private static func bytes(_ job: TrainingJob) throws -> Data { try bytes(job.checkpoint) }

    static func bytes(_ checkpoint: Checkpoint) throws -> Data { try bytes { try checkpoint.write(to: $0) } }

    private static func bytes(_ job: EvaluationJob) throws -> Data {
        let records = try job.records()
        precondition(Set(records.map { $0.dispatch?.expert }).count == 3, "all policies answer something")
        precondition(records.filter { $0.reward.missingReason != nil }.map(\.id) == ["C40"])
        return Data(try CanonicalJSON.text(records).utf8)
    }

    private static func bytes(_ job: SearchJob) throws -> Data {
        let result = try job.result()
        let mixture = try bytes { try result.mixture.write(to: $0) }
        return mixture + Data(try CanonicalJSON.text(result.solution.iterations).utf8)
    }

    private static func bytes(_ write: (String) throws -> Void) throws -> Data {
        let file = try TemporaryFolder().path + ".file"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try write(file)
        return try Data(contentsOf: URL(fileURLWithPath: file))
    }
}
