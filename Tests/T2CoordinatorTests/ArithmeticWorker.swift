import Foundation
import T2Core
import T2Transport

/// A worker that speaks the whole protocol and computes, instead of a language model, numbers that depend on the lease and
/// z alone: as a real worker's do.
actor ArithmeticWorker {
    /// What to do with a lease besides computing it.
    enum Behaviour: Sendable {
        case honest
        /// Vanishes without a word when the lease comes that is this many leases after its first.
        case vanishing(after: Int)
        /// Spoils the result of a unit.
        case spoiling(@Sendable (inout UnitResult) -> Void)
        /// Sends every result twice.
        case repeating
        /// Says that every unit failed.
        case failing(category: String)
        /// Says that the gradient of every unit is not finite, and sends its rollouts.
        case overflowing
    }

    private let transport: InMemoryWorkerTransport
    private let behaviour: Behaviour
    private let hello: Hello
    private var vectors: [Digest: ExpertVector] = [:]
    private var waiting: [Lease] = []
    private var leases = 0
    private(set) var verdicts: [Acknowledgement.Verdict] = []
    private(set) var rejection: Reject?
    private(set) var epochs: [UInt64] = []

    init(
        _ name: String, incarnation: UInt64 = 1, on network: InMemoryNetwork, behaviour: Behaviour = .honest,
        model: Digest = TestRun.modelDigest
    ) async throws {
        let identifier = WorkerIdentifier(name: name, incarnation: incarnation)
        transport = try await network.connect(identifier)
        self.behaviour = behaviour
        hello = Hello(
            worker: identifier, modelDigest: model, tokenizerDigest: TestRun.tokenizerDigest, fingerprint: "abacus",
            lanes: 1)
    }

    /// Works until drained, rejected, vanished or cancelled.
    func run() async throws {
        while let event = await transport.nextEvent() {
            switch event {
            case .connected:
                try await transport.send(.hello(hello), within: .seconds(10))
            case .message(let message):
                guard try await take(message) else { return await transport.close() }
            case .disconnected, .connectionFailed, .malformed:
                break
            case .closed:
                return
            }
        }
        await transport.close()
    }

    private func take(_ message: Message) async throws -> Bool {
        switch message {
        case .welcome(let welcome):
            epochs.append(welcome.epoch)
            waiting = []
            try await transport.send(.credit(Credit(count: 2)), within: .seconds(10))
        case .reject(let reject):
            rejection = reject
            return false
        case .lease(let lease):
            leases += 1
            if case .vanishing(let after) = behaviour, leases > after { return false }
            waiting.append(lease)
            if vectors[lease.vector] == nil {
                try await transport.send(.getBlob(GetBlob(digest: lease.vector)), within: .seconds(10))
            }
            try await work()
        case .blob(let blob):
            vectors = [blob.digest: blob.vector]
            try await work()
        case .acknowledgement(let acknowledgement):
            verdicts.append(acknowledgement.verdict)
        case .drain:
            try await transport.send(.bye(Bye(reason: "drained")), within: .seconds(10))
            return false
        default:
            break
        }
        return true
    }

    private func work() async throws {
        for lease in waiting {
            guard let vector = vectors[lease.vector] else { continue }
            waiting.removeAll { $0.unit == lease.unit }
            try await answer(lease, vector)
            try await transport.send(.credit(Credit(count: 1)), within: .seconds(10))
        }
    }

    private func answer(_ lease: Lease, _ vector: ExpertVector) async throws {
        var result = Self.compute(lease, vector)
        switch behaviour {
        case .failing(let category):
            let report = ErrorReport(
                unit: lease.unit, attempt: lease.attempt, category: category, message: "as told",
                logLines: ["a line of its log", "another"])
            try await transport.send(.error(report), within: .seconds(10))
            return
        case .overflowing:
            let report = ErrorReport(
                unit: lease.unit, attempt: lease.attempt, category: "non-finite", message: "as told",
                logLines: ["multiplied", "overflowed"], rollouts: result.rollouts)
            try await transport.send(.error(report), within: .seconds(10))
            return
        case .spoiling(let spoil): spoil(&result)
        case .honest, .vanishing, .repeating: break
        }
        try await transport.send(.result(result), within: .seconds(10))
        if case .repeating = behaviour { try await transport.send(.result(result), within: .seconds(10)) }
    }

    /// Rewards, log-probabilities and gradients from a hash-like stream over (seed, step, problem, sample) and z.
    static func compute(_ lease: Lease, _ vector: ExpertVector) -> UnitResult {
        var gradient = lease.gradient.map { _ in [Float](repeating: 0, count: vector.values.count) }
        var rollouts: [RolloutReport] = []
        var statistics = UnitStatistics()
        for (problem, number) in zip(lease.problems, lease.problemNumbers) {
            for sample in 0..<lease.samplesPerPrompt {
                var random = SeededRandom(seed: lease.seed, step: lease.unit.step, problem: number, sample: sample)
                let isRight = random.nextUniform() + 0.05 * Double(vector.values[0] - 1) * 100 > 0.5
                let tokens = (0..<3).map { _ in Int32(random.next() % 100) }
                let advantage: Float = isRight ? 1 : -1
                for index in vector.values.indices {
                    gradient?[index] += advantage * Float(random.nextNormal()) * vector.values[index]
                }
                statistics.completionTokens += 3
                statistics.kl += 0.01
                rollouts.append(
                    RolloutReport(
                        problem: problem.id, problemNumber: number, sample: sample, tokens: tokens,
                        logProbabilities: [-0.5, -0.25, -1], completion: "\(isRight)",
                        reward: .judged(isRight ? .right : .wrong), advantage: lease.gradient == nil ? 0 : advantage,
                        finished: true))
            }
        }
        return UnitResult(
            unit: lease.unit, attempt: lease.attempt, epoch: lease.epoch, rollouts: rollouts, statistics: statistics,
            gradient: gradient)
    }
}
