import T2Core
import T2Engine
import T2Transport

/// Takes leases from a coordinator and returns their results.
///
/// There are three parts: the pure `LeaseLoop` decides, the transport's thread sends and receives, and the lanes' threads
/// compute. One stream of inputs connects them. The only waits are for its next element, for a send with a deadline and, in a
/// lane, for the next unit.
///
/// The stream is bounded: it holds at most one event of the transport, so that back-pressure reaches the coordinator, and each
/// lane has one unit and reports its progress at most once a second.
package actor Worker {
    nonisolated let computer: UnitComputer
    nonisolated let transport: any WorkerTransport
    nonisolated let lanes: Int
    /// The threads of each lane.
    nonisolated let threads: Int
    nonisolated let log: WorkerLog
    nonisolated let progressInterval: Duration
    private nonisolated let limits: WaitLimits
    nonisolated let queue = WorkQueue()
    nonisolated let post: AsyncStream<WorkerInput>.Continuation
    private nonisolated let inputs: AsyncStream<WorkerInput>
    private nonisolated let (handled, handledPost) = AsyncStream<Void>.makeStream()
    private nonisolated let (stopRequests, stopPost) = AsyncStream<Void>.makeStream()
    private var loop: LeaseLoop
    private var policySets: PolicySets
    /// Units that the lanes have neither finished nor cancelled.
    private var started: [UnitKey: UnitWork] = [:]

    /// The time limit of a send; a slower one counts as failed.
    private static let sendLimit: Duration = .seconds(5)
    /// The time limit for sending BYE, and for all sends once this worker has been asked to stop.
    private static let farewell: Duration = .seconds(1)

    /// - Parameters:
    ///   - failures: what happened on this machine before, to be reported first.
    ///   - stays: whether the worker waits for the next coordinator when one releases it.
    package init(
        hello: Hello, threads: Int = 1, computer: UnitComputer, transport: any WorkerTransport, log: WorkerLog,
        failures: [ErrorReport] = [], stays: Bool = false, progressInterval: Duration = ProgressMeter.interval,
        limits: WaitLimits = WaitLimits()
    ) {
        self.computer = computer
        self.transport = transport
        self.log = log
        self.progressInterval = progressInterval
        self.limits = limits
        lanes = hello.lanes
        self.threads = threads
        (inputs, post) = AsyncStream.makeStream()
        loop = LeaseLoop(hello: hello, limits: limits, stays: stays, failures: failures, at: .now)
        policySets = PolicySets(computer.adapters)
    }

    /// Works until the coordinator or `stop` ends it, then closes the transport. It must be called only once.
    package func run() async -> WorkerEnding {
        startLanes()
        let ending = await withTaskGroup(of: Void.self, returning: WorkerEnding.self) { group in
            group.addTask { [transport, post, handled] in
                var turns = handled.makeAsyncIterator()
                while let event = await transport.nextEvent() {
                    post.yield(.transport(event))
                    if event == .closed { return }
                    // The next event is fetched once this one has been handled.
                    guard await turns.next() != nil else { return }
                }
            }
            group.addTask { [post, transport, limits] in
                while (try? await Task.sleep(for: limits.tick)) != nil {
                    post.yield(.clockTicked(heard: await transport.lastHeard()))
                }
            }
            group.addTask { [transport, stopRequests] in
                for await _ in stopRequests {
                    guard (try? await Task.sleep(for: Self.farewell)) != nil else { return }
                    // This ends every waiting send and prevents new ones.
                    await transport.close()
                }
            }
            defer { group.cancelAll() }
            for await input in inputs {
                if let ending = await take(input) { return ending }
                if case .transport = input { handledPost.yield() }
            }
            return .stopped(reason: "its task was cancelled")
        }
        queue.close()
        await transport.close()
        return ending
    }

    /// Makes `run` return all leases and end. May be called from any thread.
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
                // The loop sends everything again after the next WELCOME, so the remaining messages need not be tried.
                if case .sendFailed = setback { isSending = false }
                if let ending = await carryOut(loop.handle(setback, at: .now)) { return ending }
            case .start(let lease, let policies):
                let work = UnitWork(lease: lease, policies: policySets.set(lease.work.policies, policies))
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

    /// Sends a message.
    ///
    /// - Returns: the input for the loop if sending failed; nil if the message was sent.
    private func send(_ message: Message) async -> WorkerInput? {
        do throws(ProtocolError) {
            let limit = message.kind == .bye ? Self.farewell : Self.sendLimit
            return try await transport.send(message, within: limit) == .sent ? nil : .sendFailed
        } catch {
            switch message {
            case .result(let result):
                return .failed(
                    ErrorReport(
                        unit: result.unit, attempt: result.attempt, category: .malformedMessage,
                        message: error.description))
            case .error(var report) where !report.completions.isEmpty:
                // The coordinator must receive the failure even if its completions cannot be encoded.
                report.completions = []
                return await send(.error(report))
            default:
                log.write(.ignored(message: message.kind.rawValue, reason: error.description))
                return nil
            }
        }
    }
}
