import T2Core

/// Everything that coordinator and workers say to each other. Protocol version 1.
///
/// On the wire: `["T2/2", kind, header as JSON, payload frames…]`. The payload frames are raw little-endian tensors whose
/// types and shapes stand in the header; nothing executable is ever accepted.
package enum Message: Sendable, Equatable {
    // From worker to coordinator.
    case hello(Hello)
    case credit(Credit)
    case getBlob(GetBlob)
    case progress(Progress)
    case result(UnitResult)
    case bye(Bye)

    // From coordinator to worker.
    case welcome(Welcome)
    case reject(Reject)
    case lease(Lease)
    case blob(Blob)
    case cancel(Cancel)
    case acknowledgement(Acknowledgement)
    case drain(Drain)

    // Both ways.
    case heartbeat(Heartbeat)
    case error(ErrorReport)

    /// The first frame. A peer of another major version is refused.
    package static let version = "T2/2"

    /// The name in the second frame.
    package enum Kind: String, Sendable, CaseIterable {
        case hello = "HELLO"
        case credit = "CREDIT"
        case getBlob = "GET_BLOB"
        case progress = "PROGRESS"
        case result = "RESULT"
        case bye = "BYE"
        case welcome = "WELCOME"
        case reject = "REJECT"
        case lease = "LEASE"
        case blob = "BLOB"
        case cancel = "CANCEL"
        case acknowledgement = "ACK"
        case drain = "DRAIN"
        case heartbeat = "HEARTBEAT"
        case error = "ERROR"
    }
}

/// A worker introduces itself.
package struct Hello: Sendable, Equatable, Codable {
    package var worker: WorkerIdentifier
    package var modelDigest: Digest
    package var tokenizerDigest: Digest
    /// Processor model and BLAS core type: machines that differ in it may differ in the last bits.
    package var fingerprint: String
    package var lanes: Int

    package init(
        worker: WorkerIdentifier, modelDigest: Digest, tokenizerDigest: Digest, fingerprint: String, lanes: Int
    ) {
        self.worker = worker
        self.modelDigest = modelDigest
        self.tokenizerDigest = tokenizerDigest
        self.fingerprint = fingerprint
        self.lanes = lanes
    }
}

package struct Welcome: Sendable, Equatable, Codable {
    /// Changes at every start of the coordinator; results of another epoch are stale.
    package var epoch: UInt64
    package var runs: [String]

    package init(epoch: UInt64, runs: [String]) {
        self.epoch = epoch
        self.runs = runs
    }
}

package struct Reject: Sendable, Equatable, Codable {
    package var reason: String
    package var remedy: String

    package init(reason: String, remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }
}

/// How many leases the worker can take besides those that it has received; the coordinator sends no more than that.
package struct Credit: Sendable, Equatable, Codable {
    package var count: Int
    /// Leases that came since WELCOME: what the coordinator has sent beyond them is on its way, and part of `count`. Absent from
    /// a worker that does not count.
    package var received: Int?

    package init(count: Int, received: Int? = nil) {
        self.count = count
        self.received = received
    }
}

/// One kind of job serves training, evaluation and search: (z, problems, sampling) → (rollouts, rewards, ∂J/∂z or none).
package struct Lease: Sendable, Equatable, Codable {
    package var unit: UnitKey
    package var attempt: Int
    package var epoch: UInt64
    /// Content address of z; fetched with GET_BLOB if the worker does not hold it.
    package var vector: Digest
    package var seed: UInt64
    /// Whole prompt groups, in order; `problemNumbers` are their places in the step, which seed their random streams.
    package var problems: [Problem]
    package var problemNumbers: [Int]
    package var samplesPerPrompt: Int
    package var sampling: Sampling
    /// Absent: rewards only.
    package var gradient: GradientSpecification?
    /// Present: a unit of a search, whose vector is a stack of candidates.
    package var candidates: CandidateSpecification?
    /// Seconds until the lease ends unless progress renews it.
    package var lengthSeconds: Double

    package init(
        unit: UnitKey, attempt: Int, epoch: UInt64, vector: Digest, seed: UInt64, problems: [Problem],
        problemNumbers: [Int],
        samplesPerPrompt: Int, sampling: Sampling, gradient: GradientSpecification?,
        candidates: CandidateSpecification? = nil, lengthSeconds: Double
    ) {
        self.unit = unit
        self.attempt = attempt
        self.epoch = epoch
        self.vector = vector
        self.seed = seed
        self.problems = problems
        self.problemNumbers = problemNumbers
        self.samplesPerPrompt = samplesPerPrompt
        self.sampling = sampling
        self.gradient = gradient
        self.candidates = candidates
        self.lengthSeconds = lengthSeconds
    }
}

package struct GetBlob: Sendable, Equatable, Codable {
    package var digest: Digest

    package init(digest: Digest) { self.digest = digest }
}

/// A content-addressed z. Payload: its values, f32.
package struct Blob: Sendable, Equatable {
    package var digest: Digest
    package var vector: ExpertVector

    package init(digest: Digest, vector: ExpertVector) {
        self.digest = digest
        self.vector = vector
    }
}

/// Renews the lease; tokens sampled and scored so far.
package struct Progress: Sendable, Equatable, Codable {
    package var unit: UnitKey
    package var attempt: Int
    package var tokens: Int

    package init(unit: UnitKey, attempt: Int, tokens: Int) {
        self.unit = unit
        self.attempt = attempt
        self.tokens = tokens
    }
}

/// What a unit came to. Payload: token ids (i32), log-probs (f32), and ∂J/∂z (f32) if a gradient was asked for.
package struct UnitResult: Sendable, Equatable {
    package var unit: UnitKey
    package var attempt: Int
    package var epoch: UInt64
    package var rollouts: [RolloutReport]
    /// Sums over the unit, not means: the coordinator divides by the step's sequences.
    package var statistics: UnitStatistics
    /// Σ over the unit's rollouts of ∂/∂z of (−A·log π + λ·KL); flat, in the layout of the lease's z.
    package var gradient: [Float]?

    package init(
        unit: UnitKey, attempt: Int, epoch: UInt64, rollouts: [RolloutReport], statistics: UnitStatistics,
        gradient: [Float]?
    ) {
        self.unit = unit
        self.attempt = attempt
        self.epoch = epoch
        self.rollouts = rollouts
        self.statistics = statistics
        self.gradient = gradient
    }
}

/// One sampled completion and its judgement. `tokens` and `logProbabilities` travel as payload, all rollouts' in one frame.
package struct RolloutReport: Sendable, Equatable {
    package var problem: String
    package var problemNumber: Int
    package var sample: Int
    /// Completion token ids, the end-of-sequence token included when it was sampled.
    package var tokens: [Int32]
    /// Natural log-probability of each token under the distribution it was sampled from.
    package var logProbabilities: [Float]
    package var completion: String
    package var reward: Reward
    package var advantage: Float
    /// False if the token limit cut it off.
    package var finished: Bool

    package init(
        problem: String, problemNumber: Int, sample: Int, tokens: [Int32], logProbabilities: [Float],
        completion: String,
        reward: Reward, advantage: Float, finished: Bool
    ) {
        self.problem = problem
        self.problemNumber = problemNumber
        self.sample = sample
        self.tokens = tokens
        self.logProbabilities = logProbabilities
        self.completion = completion
        self.reward = reward
        self.advantage = advantage
        self.finished = finished
    }
}

/// Sums and maxima over a unit.
package struct UnitStatistics: Sendable, Equatable, Codable {
    /// Σ −A·log π over completion tokens, nats.
    package var policyLoss: Double = 0
    /// Σ KL over completion tokens, nats (before the coefficient).
    package var kl: Double = 0
    package var promptTokens = 0
    package var completionTokens = 0
    /// Largest |log π(sampling) − log π(training)| of a token, nats.
    package var largestLogProbabilityDifference: Float = 0
    /// Groups whose rewards are all equal: they carry no gradient under a group advantage.
    package var equalRewardGroups = 0
    /// Completions without a reward at the first try, by reason.
    package var missing: [String: Int] = [:]
    package var samplingSeconds: Double = 0
    package var rewardSeconds: Double = 0
    package var gradientSeconds: Double = 0

    package init() {}
}

package struct Cancel: Sendable, Equatable, Codable {
    package var unit: UnitKey
    package var reason: String

    package init(unit: UnitKey, reason: String) {
        self.unit = unit
        self.reason = reason
    }
}

package struct Acknowledgement: Sendable, Equatable, Codable {
    package enum Verdict: String, Sendable, Codable {
        case accepted, duplicate, stale, refused
    }

    package var unit: UnitKey
    package var attempt: Int
    package var verdict: Verdict
    /// Why, if refused or stale.
    package var reason: String

    package init(unit: UnitKey, attempt: Int, verdict: Verdict, reason: String = "") {
        self.unit = unit
        self.attempt = attempt
        self.verdict = verdict
        self.reason = reason
    }
}

/// The coordinator asks a worker to finish what it has and leave.
package struct Drain: Sendable, Equatable, Codable {
    package var reason: String

    package init(reason: String) { self.reason = reason }
}

package struct Bye: Sendable, Equatable, Codable {
    package var reason: String

    package init(reason: String) { self.reason = reason }
}

package struct Heartbeat: Sendable, Equatable, Codable {
    package init() {}
}

/// Something failed. With a unit, that lease ends as refused and the unit is handed out again.
///
/// Payload: token ids (i32) and log-probs (f32) of the rollouts, if there are any.
package struct ErrorReport: Sendable, Equatable {
    package var unit: UnitKey?
    package var attempt: Int?
    /// From the coordinator to a worker that it does not know (any more): say HELLO again.
    package static let unknownWorker = "unknown-worker"

    /// From the coordinator: it has no such z (any more). `vector` names it.
    package static let unknownBlob = "unknown-blob"

    /// A short fixed word for the kind of failure: `missing-reward`, `non-finite`, `malformed-frame`, `engine`.
    package var category: String
    package var message: String
    package var logLines: [String]
    /// The z that the error is about, if it is about one.
    package var vector: Digest?
    /// Of a unit whose gradient or rewards failed: all of them, as a result would carry them, or none.
    package var rollouts: [RolloutReport]

    package init(
        unit: UnitKey? = nil, attempt: Int? = nil, category: String, message: String, logLines: [String] = [],
        vector: Digest? = nil, rollouts: [RolloutReport] = []
    ) {
        self.unit = unit
        self.attempt = attempt
        self.vector = vector
        self.category = category
        self.message = message
        self.logLines = logLines
        self.rollouts = rollouts
    }
}
