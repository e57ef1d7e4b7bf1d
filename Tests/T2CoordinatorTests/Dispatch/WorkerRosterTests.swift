import T2Coordinator
import T2Core
import T2Transport
import Testing

struct WorkerRosterTests {
    @Test("a connection that does not introduce itself is asked to, at most every 10 s")
    func strangers() throws {
        let ann = WorkerIdentifier(name: "ann", incarnation: 1)
        let peer = try PeerIdentity(ann)
        let start = ContinuousClock.now
        var roster = WorkerRoster()
        #expect(roster.strangers(among: [peer], at: start).isEmpty)
        #expect(roster.strangers(among: [peer], at: start + .seconds(9)).isEmpty)
        #expect(roster.strangers(among: [peer], at: start + .seconds(10)) == [peer])
        #expect(roster.strangers(among: [peer], at: start + .seconds(11)).isEmpty)
        roster.join(ann, at: peer)
        #expect(roster.strangers(among: [peer], at: start + .seconds(60)).isEmpty)
        // The worker connects again: only its last connection counts.
        let again = PeerIdentity(bytes: [0, 1, 2, 3, 4])
        roster.join(ann, at: again)
        #expect(roster.workers == [again: ann] && roster.peer(of: ann) == again)
        #expect(roster.leave(ann) == again)
        #expect(roster.workers.isEmpty)
    }
}
