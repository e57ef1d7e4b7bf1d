import T2Core
import T2Transport
import T2Worker

/// A loop with a clock of its own.
struct Conversation {
    static let hello = Hello(
        worker: WorkerIdentifier(name: "w", incarnation: 1), modelDigest: Digest(of: "model"),
        tokenizerDigest: Digest(of: "tokenizer"), fingerprint: "here", lanes: 2)
    static let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "a", count: 2)]), values: [1, 0.5])
    static let blob = blob(vector)

    static func blob(_ vector: ExpertVector) -> Blob {
        Blob(digest: Policy.svf(vector).digest, policy: .svf(vector))
    }

    var now = ContinuousClock.now
    var loop: LeaseLoop

    init(stays: Bool = false) { loop = LeaseLoop(hello: Self.hello, stays: stays, at: now) }

    /// Connected, welcomed, and credit given.
    static func working(epoch: UInt64 = 7) -> Conversation {
        var conversation = Conversation()
        _ = conversation.take(.transport(.connected))
        _ = conversation.hear(.welcome(Welcome(epoch: epoch, runs: ["r"])))
        return conversation
    }

    mutating func take(_ input: WorkerInput) -> [WorkerEffect] { loop.handle(input, at: now) }

    mutating func hear(_ message: Message) -> [WorkerEffect] { take(.transport(.message(message))) }

    /// - Parameter silence: the time for which nothing has come from the coordinator.
    mutating func tick(after duration: Duration, silence: Duration = .zero) -> [WorkerEffect] {
        now += duration
        return take(.clockTicked(heard: now - silence))
    }

    static func unit(_ index: Int) -> UnitKey { UnitKey(run: "r", step: 0, phase: .train, index: index) }

    static func lease(_ index: Int, attempt: Int = 1, epoch: UInt64 = 7, policies: [Digest] = [blob.digest]) -> Lease {
        let work = WorkUnit(
            key: unit(index), seed: 1,
            problems: [Problem(id: "p", topic: "", prompt: "q", verification: .number(answer: "1"))],
            problemIndices: [index],
            sequences: policies.indices.map { .init(problem: 0, sample: $0, policy: $0) }, policies: policies,
            sampling: Sampling(temperature: 1, maxTokens: 4))
        return Lease(work: work, attempt: attempt, epoch: epoch, lengthSeconds: 30)
    }

    static func result(_ index: Int, attempt: Int = 1, epoch: UInt64 = 7) -> UnitResult {
        UnitResult(unit: unit(index), attempt: attempt, epoch: epoch, output: UnitOutput(completions: []))
    }

    /// HELLO with the leases in its hands.
    static func hello(holding leases: [(index: Int, attempt: Int)] = []) -> Message {
        var hello = hello
        hello.holding = leases.map { LeaseName(unit: unit($0.index), attempt: $0.attempt) }
        return .hello(hello)
    }
}

extension [WorkerEffect] {
    var sent: [Message] {
        compactMap { if case .send(let message) = $0 { message } else { nil } }
    }

    var started: [Int] {
        compactMap { if case .start(let lease, _) = $0 { lease.unit.index } else { nil } }
    }

    /// The policies that came with the units that were started.
    var startedPolicies: [[Policy]] {
        compactMap { if case .start(_, let policies) = $0 { policies } else { nil } }
    }

    var reports: [WorkerNotice] {
        compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    var ending: WorkerEnding? {
        for case .end(let ending) in self { return ending }
        return nil
    }
}
