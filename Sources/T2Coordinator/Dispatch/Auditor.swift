import Foundation
import T2Core
import T2Transport

/// Compares the results of audited units, byte for byte. It is pure.
///
/// Two equal results confirm each other. If the first two differ, that of a third worker decides.
struct Auditor: Sendable {
    /// The number of results that are compared before a unit counts as undecided.
    private static let most = 3

    /// A result that waits for that of another worker.
    struct Answer: Sendable {
        let worker: WorkerIdentifier
        let result: UnitResult
        fileprivate let digest: Digest
    }

    enum Verdict: Sendable, Equatable {
        /// The result of another worker is needed.
        case held
        /// Two results are equal; these workers sent another one.
        case confirmed(differing: [WorkerIdentifier])
        /// No two results are equal.
        case undecided
    }

    private(set) var answers: [UnitKey: [Answer]] = [:]

    /// Judges a valid result of an audited unit, and keeps it unless it is confirmed.
    mutating func judge(_ result: UnitResult, of worker: WorkerIdentifier) -> Verdict {
        let digest = Self.digest(of: result)
        let others = (answers[result.unit] ?? []).filter { $0.worker.name != worker.name }
        if others.contains(where: { $0.digest == digest }) {
            answers[result.unit] = nil
            return .confirmed(differing: others.filter { $0.digest != digest }.map(\.worker))
        }
        let all = others + [Answer(worker: worker, result: result, digest: digest)]
        answers[result.unit] = all
        return all.count < Self.most ? .held : .undecided
    }

    /// Takes the results of a unit whose audit ends.
    mutating func take(_ unit: UnitKey) -> [Answer] { answers.removeValue(forKey: unit) ?? [] }

    /// Drops the units of a run.
    mutating func close(_ run: String) { answers = answers.filter { $0.key.run != run } }

    /// Drops all results of a worker.
    mutating func drop(_ worker: String) {
        answers = answers.mapValues { $0.filter { $0.worker.name != worker } }.filter { !$0.value.isEmpty }
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
