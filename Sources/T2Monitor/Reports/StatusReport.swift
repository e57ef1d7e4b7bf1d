import T2Coordinator
import T2Core
import T2Jobs

/// What `/api/status` answers. Durations are in seconds.
package struct StatusReport: Sendable, Equatable, Codable {
    package struct Run: Sendable, Equatable, Codable {
        package enum State: String, Sendable, Codable {
            /// Its units are handed out.
            case collecting
            /// It has no units open: it starts, updates its policy or writes its files.
            case working
            case finished
        }

        package var name: String
        package var folder: String?
        package var state: State
        /// The number of updates so far, and the number to make.
        package var step: Int
        package var steps: Int?
        package var round: DispatcherSnapshot.Run?
        /// The median duration of the last 16 steps times the number of steps to go.
        package var etaSeconds: Double?
        package var lastStep: StepMetrics?
        package var lastEvaluation: EvaluationMetrics?
    }

    package var program: String
    package var process: Int32
    package var upSeconds: Double
    package var endpoint: String
    package var isPaused: Bool
    package var isStopping: Bool
    package var runs: [Run]
    package var workers: [DispatcherSnapshot.Worker]
    package var refusals: [DispatcherSnapshot.Refusal]
    package var leases: [DispatcherSnapshot.Lease]
    package var quietSeconds: Double
    package var lanes: Int
    package var lanesBusy: Int
    package var counts: DispatcherCounts

    /// The current state in words: `paused`, `stopping`, `waits for workers` or `running`.
    package var state: String {
        if isStopping { return "stopping" }
        if isPaused { return "paused" }
        return workers.isEmpty ? "waits for workers" : "running"
    }
}

/// What an action answers.
package struct ActionReport: Sendable, Equatable, Codable {
    package var message: String
}

/// What `/api/history` answers: the learning curves of the runs, and the load of the last minutes.
struct HistoryReport: Sendable, Encodable {
    struct Run: Sendable, Encodable {
        let name: String
        let steps: [StepMetrics]
        let evaluations: [EvaluationMetrics]
    }

    /// The load at one second.
    struct Load: Sendable, Encodable {
        /// The time since the monitor's start, in seconds.
        let time: Double
        let lanes: Int
        let lanesBusy: Int
        let tokensPerSecond: Double
    }

    let runs: [Run]
    let load: [Load]
}

/// What `/api/rollouts` answers: the newest first.
struct RolloutsReport: Sendable, Encodable {
    struct Rollout: Sendable, Encodable {
        let run: String
        let completion: CompletionRecord
        /// The reason for the outcome.
        let reason: String
    }

    var rollouts: [Rollout] = []
    var missing: [MissingRecord] = []
}
