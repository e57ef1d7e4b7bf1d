import T2Core
import T2Transport
import T2Worker
import Testing

/// A loop with a clock of its own.
private struct Conversation {
    static let hello = Hello(
        worker: WorkerIdentifier(name: "w", incarnation: 1), modelDigest: Digest(of: "model"),
        tokenizerDigest: Digest(of: "tokenizer"), fingerprint: "here", lanes: 2)
    static let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "a", count: 2)]), values: [1, 0.5])
    static let blob = blob(vector)

    static func blob(_ vector: ExpertVector) -> Blob {
        Blob(digest: Policy.svf(vector).digest, policy: .svf(vector))
    }

    var now = ContinuousClock.now
    var loop: LeaseLoop

    init() { loop = LeaseLoop(hello: Self.hello, at: now) }

    /// Connected, welcomed, and credit given.
    static func working(epoch: UInt64 = 7) -> Conversation {
        var conversation = Conversation()
        _ = conversation.take(.transport(.connected))
        _ = conversation.hear(.welcome(Welcome(epoch: epoch, runs: ["r"])))
        return conversation
    }

    mutating func take(_ input: WorkerInput) -> [WorkerEffect] { loop.handle(input, at: now) }

    mutating func hear(_ message: Message) -> [WorkerEffect] { take(.transport(.message(message))) }

    mutating func tick(after duration: Duration) -> [WorkerEffect] {
        now += duration
        return take(.clockTicked)
    }

    static func unit(_ index: Int) -> UnitKey { UnitKey(run: "r", step: 0, phase: .train, index: index) }

    static func lease(_ index: Int, attempt: Int = 1, epoch: UInt64 = 7, policies: [Digest] = [blob.digest]) -> Lease {
        Lease(
            work: WorkUnit(
                key: unit(index), seed: 1,
                problems: [Problem(id: "p", topic: "", prompt: "q", verification: .number(answer: "1"))],
                problemIndices: [index], sequences: policies.indices.map { .init(problem: 0, policy: $0) },
                policies: policies, sampling: Sampling(temperature: 1, maxTokens: 4)),
            attempt: attempt, epoch: epoch, lengthSeconds: 30)
    }

    static func result(_ index: Int, attempt: Int = 1, epoch: UInt64 = 7) -> UnitResult {
        UnitResult(unit: unit(index), attempt: attempt, epoch: epoch, output: UnitOutput(completions: []))
    }

    /// HELLO with the leases that the worker holds.
    static func hello(holding attempts: [(index: Int, attempt: Int)] = []) -> Message {
        var hello = hello
        hello.holding = attempts.map { LeaseName(unit: unit($0.index), attempt: $0.attempt) }
        return .hello(hello)
    }
}

extension [WorkerEffect] {
    fileprivate var sent: [Message] {
        compactMap { if case .send(let message) = $0 { message } else { nil } }
    }

    fileprivate var started: [Int] {
        compactMap { if case .start(let lease, _) = $0 { lease.unit.index } else { nil } }
    }

    fileprivate var reports: [WorkerReport] {
        compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    fileprivate var ending: WorkerEnding? {
        for case .end(let ending) in self { return ending }
        return nil
    }
}

@Suite("A worker's conversation")
struct LeaseLoopTests {
    @Test("begins with HELLO, then asks for one lease more than it has lanes")
    func greeting() {
        var it = Conversation()
        #expect(it.take(.transport(.connected)).sent == [Conversation.hello()])
        let effects = it.hear(.welcome(Welcome(epoch: 7, runs: ["r"])))
        #expect(effects.sent == [.credit(Credit(count: 3, received: 0))])
    }

    @Test("says with its credit how many leases came, so that those on their way are part of it")
    func leasesOnTheirWay() {
        var it = Conversation.working()
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        // The third one that may come has not come yet.
        let effects = it.take(.computed(Conversation.result(0)))
        #expect(effects.sent.last == .credit(Credit(count: 2, received: 2)))
        _ = it.hear(.lease(Conversation.lease(2)))
        #expect(it.take(.computed(Conversation.result(1))).sent.last == .credit(Credit(count: 2, received: 3)))
    }

    @Test("asks for a policy once, and starts what waited for it")
    func policies() {
        var it = Conversation.working()
        #expect(it.hear(.lease(Conversation.lease(0))).sent == [.getBlob(GetBlob(digest: Conversation.blob.digest))])
        #expect(it.hear(.lease(Conversation.lease(1))).sent == [])
        #expect(it.hear(.blob(Conversation.blob)).started == [0, 1])
        #expect(it.hear(.lease(Conversation.lease(2))).started == [2])
    }

    @Test("starts a lease of several policies once all are here, and needs none for the base model")
    func severalPolicies() {
        var it = Conversation.working()
        let other = Conversation.blob(ExpertVector(layout: Conversation.vector.layout, repeating: 2))
        let policies = [Conversation.blob.digest, Policy.baseDigest, other.digest]
        #expect(it.hear(.lease(Conversation.lease(0, policies: policies))).sent.count == 2)
        #expect(it.hear(.blob(other)).started == [])
        #expect(
            it.hear(.blob(Conversation.blob)) == [
                .start(
                    Conversation.lease(0, policies: policies), [Conversation.blob.policy, .base, other.policy])
            ])
        #expect(it.hear(.lease(Conversation.lease(1, policies: [Policy.baseDigest]))).started == [1])
    }

    @Test("keeps the policies that were used last")
    func keptPolicies() {
        var it = Conversation.working()
        let blobs = (0...LeaseLoop.keptPolicies + 1).map {
            Conversation.blob(ExpertVector(layout: Conversation.vector.layout, repeating: Float($0)))
        }
        for (index, blob) in blobs.enumerated() {
            _ = it.hear(.lease(Conversation.lease(index, policies: [blob.digest])))
            #expect(it.hear(.blob(blob)).started == [index])
            _ = it.take(.computed(Conversation.result(index)))
            _ = it.hear(
                .acknowledgement(Acknowledgement(unit: Conversation.unit(index), attempt: 1, verdict: .accepted)))
        }
        let forgotten = it.hear(.lease(Conversation.lease(90, policies: [blobs[0].digest]))).sent
        #expect(forgotten == [.getBlob(GetBlob(digest: blobs[0].digest))])
        #expect(it.hear(.lease(Conversation.lease(91, policies: [blobs[1].digest]))).started == [91])
    }

    @Test("sends a result and asks for the next lease at once, without waiting for the acknowledgement")
    func results() {
        var it = Conversation.working()
        for index in 0..<3 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        let result = Conversation.result(1)
        #expect(it.take(.computed(result)).sent == [.result(result), .credit(Credit(count: 1, received: 3))])
        let answer = Acknowledgement(unit: Conversation.unit(1), attempt: 1, verdict: .accepted)
        #expect(it.hear(.acknowledgement(answer)).sent == [])
        #expect(it.tick(after: .seconds(60)).sent == [])
    }

    @Test("stops asking for leases while results pile up without an acknowledgement")
    func unacknowledged() {
        var it = Conversation.working()
        var credits: [Message] = []
        for index in 0..<12 {
            _ = it.hear(.lease(Conversation.lease(index)))
            if index == 0 { _ = it.hear(.blob(Conversation.blob)) }
            credits = it.take(.computed(Conversation.result(index))).sent.filter { $0.kind == .credit }
        }
        #expect(credits == [])
        #expect(
            it.hear(.acknowledgement(Acknowledgement(unit: Conversation.unit(0), attempt: 1, verdict: .accepted))).sent
                == [])
        let asked = (1..<12).flatMap {
            it.hear(.acknowledgement(Acknowledgement(unit: Conversation.unit($0), attempt: 1, verdict: .accepted))).sent
        }
        #expect(asked.last == .credit(Credit(count: 3, received: 12)))
    }

    @Test("says everything again after a lost connection to the same coordinator")
    func reconnect() {
        var it = Conversation.working()
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        let early = Conversation.result(0)
        _ = it.take(.computed(early))
        #expect(it.take(.transport(.disconnected)).sent == [])
        let late = Conversation.result(1)
        #expect(it.take(.computed(late)).sent == [])
        #expect(it.take(.transport(.connected)).sent == [Conversation.hello(holding: [(0, 1), (1, 1)])])
        let again = it.hear(.welcome(Welcome(epoch: 7, runs: []))).sent
        #expect(again == [.result(early), .result(late), .credit(Credit(count: 3, received: 0))])
    }

    @Test("tells a failure later if there is no connection")
    func failureWhileAway() {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0)))
        _ = it.hear(.blob(Conversation.blob))
        _ = it.take(.transport(.disconnected))
        let failure = ErrorReport(unit: Conversation.unit(0), attempt: 1, category: .engine, message: "broke")
        #expect(it.take(.failed(failure)).sent == [])
        _ = it.take(.transport(.connected))
        #expect(it.hear(.welcome(Welcome(epoch: 7, runs: []))).sent.first == .error(failure))
    }

    @Test("drops the work of an older epoch")
    func newEpoch() {
        var it = Conversation.working()
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        _ = it.take(.computed(Conversation.result(0)))
        _ = it.take(.transport(.disconnected))
        _ = it.take(.transport(.connected))
        let effects = it.hear(.welcome(Welcome(epoch: 8, runs: [])))
        #expect(effects.contains(.abandon(Conversation.unit(1), attempt: 1)))
        #expect(effects.sent == [.credit(Credit(count: 3, received: 0))])
        #expect(it.take(.computed(Conversation.result(1))).isEmpty)
        #expect(it.hear(.lease(Conversation.lease(5, epoch: 7))).started == [])
    }

    @Test("abandons a cancelled unit and asks for another")
    func cancel() {
        var it = Conversation.working()
        for index in 0..<3 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        let effects = it.hear(.cancel(Cancel(unit: Conversation.unit(1), reason: "another worker was first")))
        #expect(effects.contains(.abandon(Conversation.unit(1), attempt: 1)))
        #expect(effects.sent == [.credit(Credit(count: 1, received: 3))])
        #expect(it.take(.computed(Conversation.result(1))).isEmpty)
    }

    @Test("replaces an attempt by a newer one of the same unit")
    func newAttempt() {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0)))
        _ = it.hear(.blob(Conversation.blob))
        let effects = it.hear(.lease(Conversation.lease(0, attempt: 2)))
        #expect(effects.contains(.abandon(Conversation.unit(0), attempt: 1)))
        #expect(effects.started == [0])
        #expect(it.take(.computed(Conversation.result(0, attempt: 1))).isEmpty)
        let result = Conversation.result(0, attempt: 2)
        #expect(it.take(.computed(result)).sent.first == .result(result))
    }

    @Test("renews what waits behind a lane that moves")
    func progress() {
        var it = Conversation.working()
        for index in 0..<3 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        func progress(_ index: Int, _ tokens: Int) -> Message {
            .progress(Progress(unit: Conversation.unit(index), attempt: 1, tokens: tokens))
        }
        it.now += .seconds(1)
        #expect(it.take(.progressed(Conversation.unit(1), attempt: 1, tokens: 40)).sent == [progress(1, 40)])
        it.now += .seconds(5)
        let effects = it.take(.progressed(Conversation.unit(1), attempt: 1, tokens: 90))
        #expect(effects.sent == [progress(0, 0), progress(1, 90), progress(2, 0)])
        #expect(it.take(.progressed(Conversation.unit(8), attempt: 1, tokens: 90)).isEmpty)
    }

    @Test("refuses a policy that is not finite, for every lease that waits for it")
    func nonFinitePolicy() {
        var it = Conversation.working()
        let vector = ExpertVector(layout: Conversation.vector.layout, values: [1, .nan])
        let digest = Policy.svf(vector).digest
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index, policies: [digest]))) }
        let effects = it.hear(.blob(Conversation.blob(vector)))
        #expect(effects.started == [])
        let errors = effects.sent.compactMap { if case .error(let report) = $0 { report } else { nil } }
        #expect(errors.map(\.category) == [.nonFinite, .nonFinite])
        #expect(errors.allSatisfy { $0.message.hasSuffix("lower learning-rate in another --run-dir.") })
        #expect(errors.map(\.unit) == [Conversation.unit(0), Conversation.unit(1)])
    }

    @Test("gives up what waits for a policy that the coordinator does not have, and nothing else")
    func unknownPolicy() {
        var it = Conversation.working()
        let gone = Digest(of: "gone")
        _ = it.hear(.lease(Conversation.lease(0)))
        for index in 1...2 { _ = it.hear(.lease(Conversation.lease(index, policies: [gone]))) }
        let answer = ErrorReport(category: .unknownPolicy, message: "not a policy of the step", policy: gone)
        let effects = it.hear(.error(answer))
        let errors = effects.sent.compactMap { if case .error(let report) = $0 { report } else { nil } }
        #expect(errors.map(\.unit) == [Conversation.unit(1), Conversation.unit(2)])
        #expect(errors.allSatisfy { $0.category == .unknownPolicy && $0.attempt == 1 })
        // Their credit is free again, and the policy is not asked for any more.
        #expect(effects.sent.contains { $0.kind == .credit })
        #expect(it.tick(after: .seconds(10)).sent == [.getBlob(GetBlob(digest: Conversation.blob.digest))])
        #expect(it.hear(.blob(Conversation.blob)).started == [0])
        #expect(it.hear(.error(answer)).sent == [])
    }

    @Test("ends when it is rejected")
    func reject() {
        var it = Conversation()
        _ = it.take(.transport(.connected))
        let effects = it.hear(.reject(Reject(reason: "another model", remedy: "copy it")))
        #expect(effects.ending == .rejected(reason: "another model", remedy: "copy it"))
        #expect(it.take(.transport(.connected)).isEmpty)
    }

    @Test("hands everything back at once when it is stopped")
    func stop() {
        var it = Conversation.working()
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index))) }
        _ = it.hear(.blob(Conversation.blob))
        let effects = it.take(.stopRequested(reason: "SIGTERM"))
        #expect(
            effects == [
                .abandon(Conversation.unit(0), attempt: 1), .abandon(Conversation.unit(1), attempt: 1),
                .send(.bye(Bye(reason: "SIGTERM"))), .end(.stopped(reason: "SIGTERM")),
            ])
    }

    @Test("is stopped without a word when there is no connection")
    func stopUnconnected() {
        var it = Conversation()
        #expect(it.take(.stopRequested(reason: "SIGINT")) == [.end(.stopped(reason: "SIGINT"))])
    }

    @Test("finishes what it has when it is drained, and leaves once that is acknowledged")
    func drain() {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0)))
        _ = it.hear(.blob(Conversation.blob))
        #expect(it.hear(.drain(Drain(reason: "run finished"))).sent == [])
        #expect(it.hear(.lease(Conversation.lease(1))).started == [])
        let result = Conversation.result(0)
        #expect(it.take(.computed(result)).sent == [.result(result)])
        let effects = it.hear(
            .acknowledgement(Acknowledgement(unit: Conversation.unit(0), attempt: 1, verdict: .accepted)))
        #expect(effects.sent == [.bye(Bye(reason: "run finished"))])
        #expect(effects.ending == .drained(reason: "run finished"))
    }

    @Test("leaves a coordinator that drains and is gone", arguments: [true, false])
    func drainedAndGone(isDisconnected: Bool) {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0)))
        _ = it.hear(.blob(Conversation.blob))
        _ = it.hear(.drain(Drain(reason: "done")))
        _ = it.take(.computed(Conversation.result(0)))
        let effects = isDisconnected ? it.take(.transport(.disconnected)) : it.tick(after: .seconds(16))
        #expect(effects.ending == .drained(reason: "done"))
    }

    @Test("says HELLO again to a coordinator that does not know it, and when no answer comes")
    func introducesItselfAgain() {
        var it = Conversation.working()
        let unknown = ErrorReport(category: .unknownWorker, message: "say HELLO first")
        #expect(it.hear(.error(unknown)).sent == [Conversation.hello()])
        // While one HELLO is out, another would only make another WELCOME.
        #expect(it.hear(.error(unknown)).sent == [])
        #expect(it.tick(after: .seconds(9)).sent == [])
        #expect(it.tick(after: .seconds(1)).sent == [Conversation.hello()])
    }

    @Test("begins anew after a message that did not leave")
    func sendFailed() {
        var it = Conversation.working()
        #expect(it.take(.sendFailed).sent == [])
        #expect(it.tick(after: .seconds(10)).sent == [Conversation.hello()])
        #expect(
            it.hear(.welcome(Welcome(epoch: 7, runs: []))).sent == [
                .credit(Credit(count: 3, received: 0))
            ])
    }

    @Test("asks again for a policy and an acknowledgement that do not come, and says so")
    func watching() {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0)))
        let policy = it.tick(after: .seconds(10))
        #expect(policy.sent == [.getBlob(GetBlob(digest: Conversation.blob.digest))])
        #expect(policy.reports == [.waiting(for: "the policy \(Conversation.blob.digest.short)", .seconds(10))])
        _ = it.hear(.blob(Conversation.blob))
        let result = Conversation.result(0)
        _ = it.take(.computed(result))
        #expect(it.tick(after: .seconds(14)).isEmpty)
        let late = it.tick(after: .seconds(1))
        #expect(late.sent == [.result(result)])
        #expect(late.reports == [.waiting(for: "the acknowledgement of \(Conversation.unit(0))", .seconds(15))])
    }

    @Test("says HELLO again, without a word in the log, when nothing comes that it asked for: leases are counted anew")
    func idle() {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0, policies: [Policy.baseDigest])))
        // While there is something to compute, what is missing may still be on its way.
        #expect(it.tick(after: .seconds(60)).isEmpty)
        _ = it.take(.computed(Conversation.result(0)))
        _ = it.hear(.acknowledgement(Acknowledgement(unit: Conversation.unit(0), attempt: 1, verdict: .accepted)))
        #expect(it.tick(after: .seconds(29)).isEmpty)
        #expect(it.tick(after: .seconds(1)) == [.send(Conversation.hello())])
        let welcome = Message.welcome(Welcome(epoch: 7, runs: []))
        #expect(it.hear(welcome) == [.send(.credit(Credit(count: 3, received: 0)))])
        #expect(it.tick(after: .seconds(29)).isEmpty)
        #expect(it.tick(after: .seconds(1)).sent == [Conversation.hello()])
        // No answer comes: that is worth a line, and so is a WELCOME of another coordinator.
        #expect(
            it.tick(after: .seconds(10)).reports == [.waiting(for: "the coordinator's answer to HELLO", .seconds(10))])
        #expect(it.hear(.welcome(Welcome(epoch: 8, runs: ["r"]))).reports.first == .welcomed(epoch: 8, runs: ["r"]))
    }

    @Test("says what it waits for, with growing pauses, while there is no coordinator")
    func waiting() {
        var it = Conversation()
        #expect(it.take(.transport(.connectionFailed(reason: "Connection refused"))).count == 1)
        #expect(it.take(.transport(.connectionFailed(reason: "Connection refused"))).isEmpty)
        var reported: [Int] = []
        for second in 1...100 where !it.tick(after: .seconds(1)).reports.isEmpty { reported.append(second) }
        #expect(reported == [5, 10, 20, 40, 80])
    }
}
