import Foundation
import T2Core
import T2TestSupport
import T2Transport

/// A worker that follows the whole protocol and computes, instead of a language model, numbers that depend on the lease and
/// its policies alone: as a real worker's do.
actor ArithmeticWorker {
    /// What to do with a lease besides computing it.
    enum Behaviour: Sendable {
        case honest
        /// Vanishes without a word when the lease comes that is this many leases after its first.
        case vanishing(after: Int)
        /// Takes leases and returns nothing.
        case hoarding
        /// Spoils the result of a unit.
        case spoiling(@Sendable (inout UnitResult) -> Void)
        /// Sends every result twice.
        case repeating
        /// Says that units failed.
        case failing(category: FailureCategory, where: @Sendable (Lease) -> Bool = { _ in true })
        /// Says that the first completion of a unit has no reward, and sends its completions.
        case withholding(where: @Sendable (Lease) -> Bool)
        /// Says that the gradient of every unit is not finite, and sends its completions.
        case overflowing
    }

    private let transport: any WorkerTransport
    private let behaviour: Behaviour
    private let hello: Hello
    private var policies: [Digest: Policy] = [Policy.baseDigest: .base]
    private var waiting: [Lease] = []
    private var leases = 0
    private(set) var acknowledgements: [Acknowledgement] = []
    /// Called with each acknowledgement before anything else is done.
    private let onAcknowledgement: @Sendable (Acknowledgement) throws -> Void
    private(set) var rejection: Reject?
    private(set) var epochs: [UInt64] = []
    /// The number of leases that asked for a check.
    private(set) var checks = 0

    init(
        _ name: String, incarnation: UInt64 = 1, on network: InMemoryNetwork, behaviour: Behaviour = .honest,
        kind: String = "abacus", taskVersions: [String: String]? = nil, model: Digest = TestRun.modelDigest,
        weights: WeightType = .float32,
        faults: FaultPlan? = nil,
        onAcknowledgement: @escaping @Sendable (Acknowledgement) throws -> Void = { _ in }
    ) async throws {
        self.onAcknowledgement = onAcknowledgement
        let identifier = WorkerIdentifier(name: name, incarnation: incarnation)
        let link = try await network.connect(identifier)
        transport = faults.map { FaultyTransport(link, plan: $0) } ?? link
        self.behaviour = behaviour
        hello = Hello(
            worker: identifier, modelDigest: model, tokenizerDigest: TestRun.tokenizerDigest, weights: weights,
            fingerprint: kind,
            lanes: 1, taskVersions: taskVersions)
    }

    var verdicts: [Acknowledgement.Verdict] { acknowledgements.map(\.verdict) }

    /// Works until drained, rejected, vanished or cancelled.
    func run() async throws {
        while let event = await transport.nextEvent() {
            switch event {
            case .connected:
                try await transport.send(.hello(hello), within: .seconds(10))
            case .message(let message):
                guard try await take(message) else { return await transport.close() }
            case .disconnected, .connectionFailed, .refused, .malformed:
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
            if case .hoarding = behaviour { return true }
            waiting.append(lease)
            for digest in lease.work.policies where policies[digest] == nil {
                try await transport.send(.getBlob(GetBlob(digest: digest)), within: .seconds(10))
            }
            try await work()
        case .blob(let blob):
            policies[blob.digest] = blob.policy
            try await work()
        case .acknowledgement(let acknowledgement):
            try onAcknowledgement(acknowledgement)
            acknowledgements.append(acknowledgement)
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
            let policies = lease.work.policies.compactMap { self.policies[$0] }
            guard policies.count == lease.work.policies.count else { continue }
            waiting.removeAll { $0.unit == lease.unit }
            try await answer(lease, policies)
            try await transport.send(.credit(Credit(count: 1)), within: .seconds(10))
        }
    }

    private func answer(_ lease: Lease, _ policies: [Policy]) async throws {
        var result = Self.compute(lease, policies)
        if let tokens = lease.tokens {
            checks += 1
            Self.check(tokens, &result)
        }
        switch behaviour {
        case .failing(let category, let isAffected) where isAffected(lease):
            let report = ErrorReport(
                unit: lease.unit, attempt: lease.attempt, category: category, message: "as told",
                logLines: ["a line of its log", "another"])
            try await transport.send(.error(report), within: .seconds(10))
            return
        case .overflowing:
            let report = ErrorReport(
                unit: lease.unit, attempt: lease.attempt, category: .nonFinite, message: "as told",
                logLines: ["multiplied", "overflowed"], completions: result.output.completions)
            try await transport.send(.error(report), within: .seconds(10))
            return
        case .withholding(let isAffected) where isAffected(lease):
            result.output.completions[0].reward = .missing(reason: "the sandbox broke")
            let report = ErrorReport(
                unit: lease.unit, attempt: lease.attempt, category: .missingReward, message: "as told",
                completions: result.output.completions)
            try await transport.send(.error(report), within: .seconds(10))
            return
        case .spoiling(let spoil): spoil(&result)
        case .honest, .vanishing, .hoarding, .repeating, .failing, .withholding: break
        }
        try await transport.send(.result(result), within: .seconds(10))
        if case .repeating = behaviour { try await transport.send(.result(result), within: .seconds(10)) }
    }

    /// What a machine of another kind finds that scores these tokens: numbers that differ in the last bits, and a completion that ends with
    /// the first token that is not its own.
    private static func check(_ tokens: [[Int32]], _ result: inout UnitResult) {
        for (index, given) in tokens.enumerated() {
            let own = result.output.completions[index].tokens
            let equal = zip(own, given).prefix { $0 == $1 }.count
            let count = own == given ? own.count : min(own.count, equal + 1)
            result.output.completions[index].tokens = Array(own.prefix(count))
            let logProbabilities = result.output.completions[index].logProbabilities.prefix(count)
            result.output.completions[index].logProbabilities = logProbabilities.map { $0 * 1.000_01 }
        }
        result.output.gradient = result.output.gradient?.map { $0 * 1.000_01 }
        result.output.statistics.completionTokens = result.output.completions.reduce(0) { $0 + $1.tokens.count }
    }

    /// Rewards, log-probabilities and gradients from a hash-like stream over (seed, step, problem, sample) and z.
    static func compute(_ lease: Lease, _ policies: [Policy]) -> UnitResult {
        let work = lease.work
        let vectors = policies.map { $0.vector?.values ?? [1] }
        var output = UnitOutput(
            completions: [], gradient: work.gradient.map { _ in [Float](repeating: 0, count: vectors[0].count) })
        for sequence in work.sequences {
            let number = work.problemIndices[sequence.problem]
            var random = SeededRandom(seed: work.seed, step: work.key.step, problem: number, sample: sequence.sample)
            let vector = vectors[sequence.policy]
            let isRight = random.nextUniform() + 0.05 * Double(vector[0] - 1) * 100 > 0.5
            var completion = Completion(
                prompt: [7], tokens: (0..<3).map { _ in Int32(random.next() % 100) },
                logProbabilities: [-0.5, -0.25, -1],
                finishReason: .stop)
            let advantage: Float = isRight ? 1 : -1
            for index in vector.indices where work.gradient != nil {
                output.gradient?[index] += advantage * Float(random.nextNormal()) * vector[index]
            }
            completion.problem = work.problems[sequence.problem].id
            completion.problemIndex = number
            (completion.sample, completion.policy) = (sequence.sample, sequence.policy)
            completion.text = "\(isRight)"
            if work.sampling == nil {
                // A reference is the likelier the nearer z is to 1.
                completion.logProbabilities[0] = -vector.reduce(0) { $0 + abs($1 - 1) }
            } else {
                completion.reward = .judged(isRight ? .right : .wrong)
            }
            completion.advantage = work.gradient == nil ? 0 : advantage
            output.completions.append(completion)
        }
        output.statistics.completionTokens = 3 * work.sequences.count
        output.statistics.kl = 0.01 * Double(work.sequences.count)
        return UnitResult(unit: lease.unit, attempt: lease.attempt, epoch: lease.epoch, output: output)
    }
}
