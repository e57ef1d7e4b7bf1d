import T2Core
import T2Learning
import T2Model
import T2Text
import T2Transport

/// Takes leases from a coordinator and returns their results. `compute` is steps 4 to 8 of the data's way.
///
/// Three parts, each with one owner: `LeaseLoop` decides (pure, this actor's), the transport's thread talks, and the lanes,
/// threads of their own, compute. They meet in one stream of inputs. The only waits are for its next element, for a send
/// with a deadline and, in a lane, for the next unit.
package actor Worker {
    nonisolated let models: DecomposedModels
    nonisolated let tokenizer: Tokenizer
    nonisolated let rewards: RewardRunner
    nonisolated let transport: any WorkerTransport
    nonisolated let lanes: Int
    nonisolated let log: WorkerLog
    private nonisolated let progressInterval: Duration
    nonisolated let queue = WorkQueue()
    nonisolated let post: AsyncStream<WorkerInput>.Continuation
    private nonisolated let inputs: AsyncStream<WorkerInput>
    private nonisolated let (stopRequests, stopPost) = AsyncStream<Void>.makeStream()
    private var loop: LeaseLoop
    private var versions: PolicyVersions
    /// Units given to the lanes and neither finished nor cancelled.
    private var started: [UnitKey: UnitWork] = [:]

    /// A send that takes longer counts as a broken conversation.
    private static let sendLimit: Duration = .seconds(5)
    /// For all that is still to be said once this worker has been asked to stop, and for any BYE: whoever waits for it to leave
    /// does not wait for a coordinator that is gone.
    private static let farewell: Duration = .seconds(1)

    package init(
        hello: Hello, models: DecomposedModels, tokenizer: Tokenizer, rewards: RewardRunner,
        transport: any WorkerTransport,
        log: WorkerLog, progressInterval: Duration = ProgressMeter.interval
    ) {
        self.models = models
        self.tokenizer = tokenizer
        self.rewards = rewards
        self.transport = transport
        self.log = log
        self.progressInterval = progressInterval
        lanes = hello.lanes
        (inputs, post) = AsyncStream.makeStream()
        loop = LeaseLoop(hello: hello, at: .now)
        versions = PolicyVersions(models)
    }

    /// Computes one unit on a lane's thread. Its numbers depend on the lease, z and the base model alone.
    ///
    /// - Throws: `UnitError`; `RolloutFailure` with the rollouts; what the engine and the learning throw.
    nonisolated func compute(_ work: UnitWork, on lane: Lane) throws -> UnitResult {
        let (lease, policy) = (work.lease, work.policy)
        let progress = ProgressMeter(interval: progressInterval) { [post] in
            post.yield(.progressed(lease.unit, attempt: lease.attempt, tokens: $0))
        }
        // Reading prompts, merging weights and the passes of the gradient take long without a token.
        lane.onLayer = { progress.advance(tokens: 0) }
        let isWanted = {
            progress.advance(tokens: 1)
            return !work.isCancelled
        }
        var statistics = UnitStatistics()
        var stopwatch = Stopwatch()

        // 4. Rollout: token ids and log-probabilities.
        let rollouts: [Rollout]
        if let candidates = lease.candidates {
            rollouts = try lane.candidates.run(
                lease, candidates, stack: policy.vector, onDecomposition: { progress.advance(tokens: 0) },
                onToken: isWanted)
        } else {
            if !policy.isBaseModel { _ = try policy.prepare { progress.advance(tokens: 0) } }
            rollouts = try lane.rollouts.run(lease, policy, onToken: isWanted)
        }
        statistics.count(rollouts)
        statistics.samplingSeconds = stopwatch.lap()

        // 5. Reward: each text is judged.
        let judged =
            lease.candidates?.question == .references
            ? rollouts.map { _ in Reward.judged(.right) }
            : try rewards.run(rollouts, missing: &statistics.missing) {
                progress.advance(tokens: 0)
                try work.checkCancellation()
            }
        statistics.rewardSeconds = stopwatch.lap()
        let values = judged.compactMap(\.value)
        guard values.count == judged.count else { throw Self.missingReward(rollouts, judged) }

        // 6. Advantage: rewards are compared inside the unit.
        let advantage = try Advantage(
            rewards: values.chunked(by: lease.samplesPerPrompt), kind: lease.gradient?.advantage ?? .none,
            runningMean: lease.gradient?.runningMeanReward ?? 0)
        let advantages = advantage.groups.flatMap(\.self)
        statistics.equalRewardGroups = advantage.equalRewardGroups

        let reports = rollouts.indices.map {
            RolloutReport(rollouts[$0], judged[$0], advantage: lease.gradient == nil ? 0 : advantages[$0])
        }

        // 7. Gradient: ∂J/∂z summed over the unit, if it was asked for.
        let gradient: UnitGradient?
        do {
            gradient = try lease.gradient.map {
                try lane.gradients.run(
                    rollouts, advantages: advantages, $0, policy, temperature: lease.sampling.temperature,
                    onToken: isWanted)
            }
        } catch UnitError.nonFinite(let quantity, let remedy) {
            throw RolloutFailure(cause: .nonFinite(quantity: quantity, remedy: remedy), rollouts: reports)
        }
        if let gradient { statistics.add(gradient, seconds: stopwatch.lap()) }

        // 8. Return.
        return UnitResult(
            unit: lease.unit, attempt: lease.attempt, epoch: lease.epoch, rollouts: reports, statistics: statistics,
            gradient: gradient?.sum)
    }

    private static func missingReward(_ rollouts: [Rollout], _ rewards: [Reward]) -> RolloutFailure {
        let reports = zip(rollouts, rewards).map { RolloutReport($0, $1, advantage: 0) }
        guard let place = rewards.firstIndex(where: { $0.value == nil }), case .missing(let reason) = rewards[place]
        else { preconditionFailure("a reward without a value is missing") }
        return RolloutFailure(
            cause: .missingReward(
                problem: rollouts[place].problem.id, sample: rollouts[place].sample, attempts: RewardRunner.attempts,
                reason: reason), rollouts: reports)
    }

    /// Works until the coordinator or `stop` ends it, then closes the transport. Once per object.
    package func run() async -> WorkerEnding {
        startLanes()
        let ending = await withTaskGroup(of: Void.self, returning: WorkerEnding.self) { group in
            group.addTask { [transport, post] in
                while let event = await transport.nextEvent() {
                    post.yield(.transport(event))
                    if event == .closed { return }
                }
            }
            group.addTask { [post] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { post.yield(.clockTicked) }
            }
            group.addTask { [transport, stopRequests] in
                for await _ in stopRequests {
                    guard (try? await Task.sleep(for: Self.farewell)) != nil else { return }
                    // It ends every send that waits, and lets none begin.
                    await transport.close()
                }
            }
            defer { group.cancelAll() }
            for await input in inputs {
                if let ending = await take(input) { return ending }
            }
            return .stopped(reason: "its task was cancelled")
        }
        queue.close()
        await transport.close()
        return ending
    }

    /// Makes `run` hand back what this worker holds and return. From any thread.
    package nonisolated func stop(reason: String) {
        post.yield(.stopRequested(reason: reason))
        stopPost.yield()
    }

    private func take(_ input: WorkerInput) async -> WorkerEnding? {
        switch input {
        case .computed(let result): forget(result.unit, attempt: result.attempt)
        case .failed(let failure): failure.unit.map { forget($0, attempt: failure.attempt ?? 0) }
        default: break
        }
        return await carryOut(loop.handle(input, at: .now))
    }

    private func carryOut(_ effects: [WorkerEffect]) async -> WorkerEnding? {
        var isSending = true
        for effect in effects {
            switch effect {
            case .send(let message):
                guard isSending, let setback = await send(message) else { continue }
                // After HELLO and WELCOME the loop says everything again: the rest of this round need not wait in vain.
                if case .sendFailed = setback { isSending = false }
                if let ending = await carryOut(loop.handle(setback, at: .now)) { return ending }
            case .start(let lease, let vector):
                let work = UnitWork(lease: lease, policy: versions.version(lease.vector, vector))
                started[lease.unit] = work
                queue.put(work)
            case .abandon(let unit, _): started.removeValue(forKey: unit)?.cancel()
            case .report(let report): log.write(report)
            case .end(let ending): return ending
            }
        }
        return nil
    }

    private func forget(_ unit: UnitKey, attempt: Int) {
        if started[unit]?.lease.attempt == attempt { started[unit] = nil }
    }

    /// What a failed send means to the loop; nil if the message is on its way.
    private func send(_ message: Message) async -> WorkerInput? {
        do throws(ProtocolError) {
            let limit = message.kind == .bye ? Self.farewell : Self.sendLimit
            return try await transport.send(message, within: limit) == .sent ? nil : .sendFailed
        } catch {
            switch message {
            case .result(let result):
                return .failed(
                    ErrorReport(
                        unit: result.unit, attempt: result.attempt, category: ProtocolError.category,
                        message: error.description))
            case .error(var report) where !report.rollouts.isEmpty:
                // The failure must be known, whatever its rollouts hold.
                report.rollouts = []
                return await send(.error(report))
            default:
                log.write(.ignored(message: message.kind.rawValue, reason: error.description))
                return nil
            }
        }
    }
}
