import T2Core
import T2Transport
import T2Worker
import Testing

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

    @Test("asks for each policy once, also if leases name several and the connection is lost in between")
    func policiesAcrossConnections() {
        var it = Conversation.working()
        let other = Conversation.blob(ExpertVector(layout: Conversation.vector.layout, repeating: 3))
        let both = [Conversation.blob.digest, other.digest]
        let leases = [both, [both[1]], both.reversed()].enumerated().map { Conversation.lease($0, policies: $1) }
        let asked = leases.map { it.hear(.lease($0)).sent.filter { $0.kind == .getBlob } }
        #expect(asked == [both.map { .getBlob(GetBlob(digest: $0)) }, [], []])
        _ = it.hear(.blob(Conversation.blob))
        _ = it.take(.transport(.disconnected))
        _ = it.take(.transport(.connected))
        // The one that came is kept; the other one was lost with the connection.
        let again = it.hear(.welcome(Welcome(epoch: 7, runs: ["r"]))).sent.filter { $0.kind == .getBlob }
        #expect(again == [.getBlob(GetBlob(digest: other.digest))])
        #expect(it.hear(.blob(other)).started == [0, 1, 2])
    }

    @Test("does not ask again for a policy that may be on its way over a slow link")
    func slowPolicy() {
        var it = Conversation.working()
        _ = it.hear(.lease(Conversation.lease(0)))
        #expect(it.tick(after: .seconds(10), silence: .seconds(9)).sent == [])
        #expect(it.tick(after: .seconds(60), silence: .seconds(69)).sent == [])
        #expect(it.tick(after: .seconds(1)).sent == [.getBlob(GetBlob(digest: Conversation.blob.digest))])
    }

    @Test("waits longer for the acknowledgement of large results, which may be on their way over a slow link")
    func slowResults() {
        var it = Conversation.working()
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index, policies: [Policy.baseDigest]))) }
        var results = (0..<2).map { Conversation.result($0) }
        // 10 MB each, 80 s at 1 Mbit/s.
        let gradient = [Float](repeating: 0, count: 2_500_000)
        for index in 0..<2 { results[index].output.gradient = gradient }
        for result in results { _ = it.take(.computed(result)) }
        #expect(it.tick(after: .seconds(170)).sent.map(\.kind) == [])
        #expect(it.tick(after: .seconds(10)).sent.map(\.kind) == [.result, .result])
    }

    @Test("has the base model already, and asks for each other policy of a lease")
    func severalPolicies() {
        var it = Conversation.working()
        #expect(it.hear(.lease(Conversation.lease(0, policies: [Policy.baseDigest]))).startedPolicies == [[.base]])
        let other = Conversation.blob(ExpertVector(layout: Conversation.vector.layout, repeating: 3))
        let effects = it.hear(
            .lease(Conversation.lease(1, policies: [other.digest, Policy.baseDigest, Conversation.blob.digest])))
        let asked = [other.digest, Conversation.blob.digest].map { Message.getBlob(GetBlob(digest: $0)) }
        #expect(effects.sent == asked && effects.started == [])
        #expect(it.hear(.blob(Conversation.blob)).started == [])
        // In the lease's order, whichever came first.
        #expect(it.hear(.blob(other)).startedPolicies == [[other.policy, .base, Conversation.blob.policy]])
    }

    @Test("keeps sixteen policies that no lease needs, those that were used last, and asks for older ones again")
    func keptPolicies() {
        var it = Conversation.working()
        func blob(_ value: Int) -> Blob {
            Conversation.blob(ExpertVector(layout: Conversation.vector.layout, repeating: Float(value)))
        }
        func compute(_ index: Int, _ policy: Int) -> [Message] {
            let asked = it.hear(.lease(Conversation.lease(index, policies: [blob(policy).digest]))).sent
            if !asked.isEmpty { _ = it.hear(.blob(blob(policy))) }
            _ = it.take(.computed(Conversation.result(index)))
            _ = it.hear(
                .acknowledgement(Acknowledgement(unit: Conversation.unit(index), attempt: 1, verdict: .accepted)))
            return asked.filter { $0.kind == .getBlob }
        }
        for index in 0..<17 { #expect(compute(index, index).count == 1) }
        // The first is used again, so that the second is now the oldest.
        #expect(compute(17, 0) == [])
        #expect(compute(18, 17).count == 1)
        #expect(compute(19, 0) == [])
        #expect(compute(20, 1) == [.getBlob(GetBlob(digest: blob(1).digest))])
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

    @Test("stops asking for leases while results pile up that nobody acknowledges")
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
        let blob = Conversation.blob(vector)
        for index in 0..<2 { _ = it.hear(.lease(Conversation.lease(index, policies: [blob.digest]))) }
        let effects = it.hear(.blob(blob))
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
        for index in 1...2 {
            _ = it.hear(.lease(Conversation.lease(index, policies: [Conversation.blob.digest, gone])))
        }
        let answer = ErrorReport(category: .unknownPolicy, message: "not a policy of a round under way", policy: gone)
        let effects = it.hear(.error(answer))
        let errors = effects.sent.compactMap { if case .error(let report) = $0 { report } else { nil } }
        #expect(errors.map(\.unit) == [Conversation.unit(1), Conversation.unit(2)])
        #expect(errors.allSatisfy { $0.category == .unknownPolicy && $0.attempt == 1 })
        // Their places are free again, and that policy is asked for no more.
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

    @Test("asks again for a while when it is refused because of its namesake, and is admitted")
    func temporaryRefusal() {
        let refusal = Message.reject(Reject(reason: "one named 'w' is here", remedy: "wait", isTemporary: true))
        var it = Conversation()
        _ = it.take(.transport(.connected))
        for _ in 0..<15 {
            #expect(it.hear(refusal).ending == nil)
            #expect(it.tick(after: .seconds(1)).sent == [Conversation.hello()])
        }
        #expect(it.hear(.welcome(Welcome(epoch: 7, runs: ["r"]))).sent.map(\.kind) == [.credit])
        // Later ones have their own time.
        #expect(it.hear(refusal).ending == nil)
        _ = it.tick(after: .seconds(20))
        #expect(it.hear(refusal).ending == .rejected(reason: "one named 'w' is here", remedy: "wait"))
    }

    @Test("waits for the next coordinator when it is to stay")
    func stays() {
        var it = Conversation(stays: true)
        _ = it.take(.transport(.connected))
        _ = it.hear(.welcome(Welcome(epoch: 7, runs: ["r"])))
        let leaving = it.hear(.drain(Drain(reason: "the work is done")))
        #expect(leaving.sent == [.bye(Bye(reason: "the work is done"))] && leaving.ending == nil)
        #expect(it.take(.transport(.disconnected)).ending == nil)
        #expect(it.take(.transport(.connected)).sent == [Conversation.hello()])
        #expect(it.hear(.welcome(Welcome(epoch: 8, runs: ["r"]))).sent == [.credit(Credit(count: 3, received: 0))])
        // Also when the coordinator is gone before the last acknowledgement.
        _ = it.hear(.lease(Conversation.lease(0, epoch: 8)))
        _ = it.hear(.drain(Drain(reason: "the work is done")))
        #expect(it.take(.transport(.disconnected)).ending == nil)
        #expect(it.take(.transport(.connected)).sent.map(\.kind) == [.hello])
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

    @Test("is stopped without a word when there is nobody to say it to")
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
