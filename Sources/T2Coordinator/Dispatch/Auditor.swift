import Foundation
import T2Core
import T2Transport

/// Compares the results of audited units: byte for byte if machines of one kind computed them, otherwise within `AuditTolerance`. It is
/// pure.
///
/// Two results that agree confirm each other. If the first two differ, that of a third worker decides.
struct Auditor: Sendable {
    /// The number of results that are compared before a unit counts as undecided.
    private static let most = 3

    /// A result that waits for that of another worker.
    struct Answer: Sendable {
        let worker: WorkerIdentifier
        /// The kind of the worker's machine.
        let kind: String
        /// Whether the worker checked the first result instead of computing the unit.
        let isCheck: Bool
        let since: ContinuousClock.Instant
        let result: UnitResult
        fileprivate let digest: Digest

        init(
            _ result: UnitResult, of worker: WorkerIdentifier, kind: String, isCheck: Bool = false,
            since: ContinuousClock.Instant = .now
        ) {
            (self.result, self.worker, self.kind, self.isCheck, self.since) = (result, worker, kind, isCheck, since)
            digest = Auditor.digest(of: result)
        }
    }

    enum Verdict: Sendable {
        /// The result of another worker is needed.
        case held
        /// Two results agree, and this one is to be accepted; these workers sent another one.
        case confirmed(Answer, differing: [WorkerIdentifier])
        /// Two checks agree that the results of these workers are wrong. The unit is to be computed again.
        case refuted([WorkerIdentifier])
        /// No two results agree.
        case undecided
    }

    private(set) var answers: [UnitKey: [Answer]] = [:]

    /// Judges a valid result of an audited unit, and keeps it as long as the unit's audit lasts.
    mutating func judge(_ answer: Answer) -> Verdict {
        let unit = answer.result.unit
        let others = answers[unit] ?? []
        // A result may be sent again.
        guard !others.contains(where: { $0.worker.name == answer.worker.name }) else { return .held }
        let all = others + [answer]
        answers[unit] = all
        let agreeing = others.filter { Self.agree($0, answer, checking: others[0]) }
        guard !agreeing.isEmpty else { return all.count < Self.most ? .held : .undecided }
        let differing = others.filter { other in !agreeing.contains { $0.worker == other.worker } }.map(\.worker)
        // A result that was compared only up to a wrong token of the first one is not confirmed.
        let isWhole = agreeing.contains { Self.isWhole($0, answer, checking: others[0]) }
        guard isWhole, let computed = (agreeing + [answer]).first(where: { !$0.isCheck }) else {
            return .refuted(differing)
        }
        answers[unit] = nil
        return .confirmed(computed, differing: differing)
    }

    private static func agree(_ known: Answer, _ new: Answer, checking first: Answer) -> Bool {
        guard known.kind != new.kind || known.isCheck != new.isCheck else { return known.digest == new.digest }
        return AuditTolerance.agree(known.result.output, new.result.output, checking: first.result.output)
    }

    /// Whether no check ended a completion early in which both answers agree.
    private static func isWhole(_ known: Answer, _ new: Answer, checking first: Answer) -> Bool {
        (!known.isCheck && !new.isCheck)
            || AuditTolerance.isWhole(known.result.output, new.result.output, checking: first.result.output)
    }

    /// The tokens of the completions of a result that is held.
    func tokens(of unit: UnitKey, attempt: Int) -> [[Int32]]? {
        guard let first = answers[unit]?.first, first.result.attempt == attempt else { return nil }
        return first.result.output.completions.map(\.tokens)
    }

    /// Takes the results of a unit whose audit ends.
    mutating func take(_ unit: UnitKey) -> [Answer] { answers.removeValue(forKey: unit) ?? [] }

    /// Drops the units of a run.
    mutating func close(_ run: String) { answers = answers.filter { $0.key.run != run } }

    /// Drops all results of a worker, and the other results of units whose first result was the worker's.
    ///
    /// - Returns: these units, which are to be computed again.
    mutating func drop(_ worker: String) -> [UnitKey] {
        let ended = answers.filter { $0.value.first?.worker.name == worker }.map(\.key)
        for unit in ended { answers[unit] = nil }
        answers = answers.mapValues { $0.filter { $0.worker.name != worker } }
        return ended
    }

    /// The digest of everything that must be equal: all but the lease, the times, the rewards that a first attempt lacked, and
    /// the grounds, in which a program's error may name an address.
    private static func digest(of result: UnitResult) -> Digest {
        var result = result
        result.attempt = 0
        result.epoch = 0
        result.output.statistics.missing = [:]
        for index in result.output.completions.indices { result.output.completions[index].grounds = nil }
        result.output.statistics.samplingSeconds = 0
        result.output.statistics.rewardSeconds = 0
        result.output.statistics.gradientSeconds = 0
        // A result that has passed its checks can be encoded, as it was for its way here.
        let message = (try? MessageCodec().encode(.result(result))) ?? Data()
        return message.withUnsafeBytes { Digest(of: $0) }
    }
}
