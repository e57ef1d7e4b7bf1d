import GRDB
import T2Core

/// A stored completion, without its tokens, which the unit's `ResultRecord` holds.
package struct CompletionRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "completions"

    /// The kind of reward: the names of `Outcome`, `missing` and `unjudged`.
    package enum RewardKind: RawRepresentable, Sendable, Hashable, Codable, CaseIterable {
        case judged(Outcome)
        case missing, unjudged

        package static let allCases = Outcome.allCases.map(Self.judged) + [.missing, .unjudged]

        package init?(rawValue: String) {
            guard let kind = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
            self = kind
        }

        package var rawValue: String {
            switch self {
            case .judged(let outcome): outcome.rawValue
            case .missing: "missing"
            case .unjudged: "unjudged"
            }
        }

        init(_ reward: Reward) {
            switch reward {
            case .judged(let outcome): self = .judged(outcome)
            case .missing: self = .missing
            case .unjudged: self = .unjudged
            }
        }
    }

    /// Selects completions of a run; values that are nil or empty select all completions that were judged.
    package struct Selection: Sendable, Equatable {
        package var step: Int?
        package var phase: Phase?
        package var outcomes: [RewardKind] = []
        /// The id of a problem.
        package var problem: String?

        package init() {}
    }

    package var step: Int
    package var phase: Phase
    package var unit: Int
    /// The index of the completion in the unit.
    package var sequence: Int
    package var problem: String
    package var problemIndex: Int
    package var sample: Int
    /// The index of its policy in the unit.
    package var policy: Int
    package var prompt: String
    package var completion: String
    package var promptTokens: Int
    package var tokens: Int
    package var finishReason: FinishReason
    package var outcome: RewardKind
    /// The reason why the reward is missing.
    package var missing: String?
    /// What the verifier found and missed; nil if it was not judged, or by a program of an earlier version.
    package var grounds: String?
    /// +1 or −1; nil if the completion was not judged.
    package var reward: Double?
    package var advantage: Double
    /// The natural log-probability, summed over the completion's tokens, under the distribution that it was sampled from.
    package var logProbability: Double
    package var worker: String

    package init(_ completion: Completion, index: Int, unit key: UnitKey, prompt: String, worker: WorkerIdentifier) {
        step = key.step
        phase = key.phase
        unit = key.index
        sequence = index
        problem = completion.problem
        problemIndex = completion.problemIndex
        sample = completion.sample
        policy = completion.policy
        self.prompt = Self.storable(prompt)
        self.completion = Self.storable(completion.text)
        promptTokens = completion.prompt.count
        tokens = completion.tokens.count
        finishReason = completion.finishReason
        outcome = RewardKind(completion.reward)
        missing = completion.reward.missingReason
        grounds = completion.grounds
        reward = completion.reward.value.map(Double.init)
        // −0 would come back as 0.
        advantage = Double(completion.advantage) + 0
        logProbability = completion.logProbabilities.reduce(0) { $0 + Double($1) }
        self.worker = worker.name
    }

    /// A text as the database returns it: SQLite's texts end at the first NUL, which a model may sample.
    private static func storable(_ text: String) -> String { text.replacing("\0", with: "\u{FFFD}") }

    /// Restores the accepted completion from this record and its tokens, which are empty once the unit's are discarded.
    func completion(prompt: [Int32], tokens: [Int32], logProbabilities: [Float]) -> Completion {
        var completion = Completion(
            prompt: prompt, tokens: tokens, logProbabilities: logProbabilities, finishReason: finishReason)
        completion.problem = problem
        completion.problemIndex = problemIndex
        completion.sample = sample
        completion.policy = policy
        completion.text = self.completion
        completion.grounds = grounds
        completion.advantage = Float(advantage)
        completion.reward =
            switch outcome {
            case .judged(let outcome): .judged(outcome)
            case .missing: .missing(reason: missing ?? "")
            case .unjudged: .unjudged
            }
        return completion
    }
}

extension CompletionRecord {
    /// Why the completion has its outcome.
    package var reason: String {
        let verdict =
            switch outcome {
            case .judged(.right): "the verifier accepted the answer"
            case .judged(.wrong): "the verifier rejected the answer"
            case .judged(.noAnswer): "it ended without an answer in the requested form"
            case .judged(.cutOff): "it reached the token limit of \(tokens) before its answer"
            case .missing: "the reward could not be computed: \(missing ?? "the reason is not stored")"
            case .unjudged: "no judgement was requested"
            }
        let isCut = finishReason == .length && [.judged(.right), .judged(.wrong)].contains(outcome)
        return verdict + (grounds.map { ": \($0)" } ?? "") + (isCut ? "; it reached the token limit of \(tokens)" : "")
    }
}
