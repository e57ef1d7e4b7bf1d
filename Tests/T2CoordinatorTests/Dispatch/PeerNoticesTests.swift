import Testing

import T2Coordinator

@Suite struct PeerNoticesTests {
    private let start = ContinuousClock.now

    @Test("a peer's first ten lines are logged, then one a minute with the number left out")
    func onePeer() {
        var notices = PeerNotices()
        let first = (0..<1_000).map { _ in notices.note("eve", at: start) }
        #expect(first.prefix(10).allSatisfy { $0 == 0 } && first.dropFirst(10).allSatisfy { $0 == nil })
        #expect(notices.note("ann", at: start) == 0, "another peer's lines are its own")
        #expect(notices.note("eve", at: start + .seconds(61)) == 990)
        #expect(notices.note("eve", at: start + .seconds(62)) == nil)
        #expect(notices.note("eve", at: start + .seconds(122)) == 1)
    }

    @Test("all peers together have a bounded number of lines a minute")
    func manyPeers() {
        var notices = PeerNotices()
        let logged = (0..<100_000).count { notices.note("peer \($0)", at: start) != nil }
        #expect(logged == PeerNotices.perMinute)
        #expect((0..<100_000).count { notices.note("peer \($0)", at: start + .seconds(61)) != nil } <= 100)
    }
}
