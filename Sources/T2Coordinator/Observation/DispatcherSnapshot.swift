import T2Core
import T2Jobs

/// The state of a dispatcher at one moment, as programs and people may see it. Durations are in seconds before that moment.
package struct DispatcherSnapshot: Sendable, Equatable, Codable {
    /// A run with an open round.
    package struct Run: Sendable, Equatable, Codable {
        package var name: String
        /// The number of updates, or of iterations of a search, before the round.
        package var step: Int
        package var phase: Phase
        package var units = 0
        package var unitsAccepted = 0
        package var unitsLeased = 0
        package var unitsPending = 0
        /// The completions of accepted units, and of the whole round.
        package var completions: Int
        package var completionsTotal: Int
        /// The completion tokens of accepted units, and those that workers report of the others.
        package var tokens: Int
    }

    package struct Worker: Sendable, Equatable, Codable {
        package enum State: String, Sendable, Codable {
            case working, idle, draining
            /// Nothing was heard for a while, or its connection is lost.
            case silent
            /// Several units failed on it in a row: it gets no leases for a while.
            case setAside = "set aside"
        }

        package var name: String
        package var state: State
        package var lanes: Int
        package var lanesBusy: Int
        package var leases: Int
        package var joinedSeconds: Double
        package var lastHeardSeconds: Double
        /// Processor model and BLAS core type.
        package var machine: String
        /// The accepted units of this process, and their completion tokens.
        package var units: Int
        package var tokens: Int
        /// Completion tokens per second, over about the last minute.
        package var tokensPerSecond: Double
    }

    /// A unit that a worker holds.
    package struct Lease: Sendable, Equatable, Codable {
        package enum State: String, Sendable, Codable {
            /// It waits for a lane of its worker.
            case queued
            /// Its worker has a lane for it, and no token was reported yet.
            case starting
            case computing
            /// It takes more than twice the usual time, and its tokens grow.
            case slow
            /// No new token was reported for a long time.
            case stuck
            /// Its worker is silent or not connected.
            case silent
        }

        package var run: String
        package var step: Int
        package var phase: Phase
        package var unit: Int
        package var attempt: Int
        package var worker: String
        package var state: State
        package var tokens: Int
        package var sinceSeconds: Double
        package var lastTokenSeconds: Double
        /// The time until the lease expires unless the worker reports progress.
        package var expiresInSeconds: Double
        /// The median duration of the run's leases of this phase; nil before the first is accepted.
        package var usualSeconds: Double?
    }

    /// A worker that was refused and has not been admitted since.
    package struct Refusal: Sendable, Equatable, Codable {
        package var worker: String
        package var reason: String
    }

    package var isPaused: Bool
    package var isStopping: Bool
    package var runs: [Run]
    package var workers: [Worker]
    /// The last refusals, the earliest first.
    package var refusals: [Refusal] = []
    package var leases: [Lease]
    /// The time since a result was last accepted, or since the start.
    package var quietSeconds: Double
    package var counts: DispatcherCounts
    package var endpoint: String

    package var lanes: Int { workers.reduce(0) { $0 + $1.lanes } }
    package var lanesBusy: Int { workers.reduce(0) { $0 + $1.lanesBusy } }
}

/// What a dispatcher counted since its start.
package struct DispatcherCounts: Sendable, Equatable, Codable {
    /// The sums of accepted units of one run.
    package struct Run: Sendable, Equatable, Codable {
        package var units = 0
        package var tokens = 0
        /// The completions by outcome: the names of `CompletionRecord.RewardKind`.
        package var outcomes: [String: Int] = [:]

        mutating func add(_ summary: UnitSummary) {
            units += 1
            tokens += summary.statistics.completionTokens
            let counts = [
                (Outcome.right.rawValue, summary.right), (Outcome.wrong.rawValue, summary.wrong),
                (Outcome.noAnswer.rawValue, summary.noAnswer), (Outcome.cutOff.rawValue, summary.cutOff),
                ("missing", summary.missing), ("unjudged", summary.unjudged),
            ]
            for (outcome, count) in counts where count > 0 { outcomes[outcome, default: 0] += count }
        }
    }

    package var runs: [String: Run] = [:]
    package var leases = 0
    package var workersJoined = 0
    package var malformedMessages = 0
    /// The failed attempts by category.
    package var failures: [String: Int] = [:]
}
