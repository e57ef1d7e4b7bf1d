import Foundation
import Synchronization
import T2Core
import T2Formats
import T2TestSupport
import T2Transport
import Testing

@Suite("A peer that hoards leases of a running t2-coord", .serialized)
struct HoardingTests {
    /// Takes every lease and renews all of them, with one more token each time, until it is told to stop.
    private final class Hoarder: Sendable {
        private nonisolated(unsafe) let dealer: Dealer
        private let isStopped = Atomic<Bool>(false)
        let leases = Mutex<[Lease]>([])
        let errors = Mutex<[ErrorReport]>([])

        init(_ endpoint: String, _ model: TinyModel) throws {
            dealer = try Dealer(to: endpoint)
            let folder = try BaseModelFolder(path: model.path)
            let hello = Hello(
                worker: WorkerIdentifier(name: "hoarder", incarnation: 1), modelDigest: folder.digest,
                tokenizerDigest: folder.tokenizerDigest, fingerprint: "test", lanes: 65_536)
            try dealer.send([MessageCodec().encode(.hello(hello))])
            try dealer.send([MessageCodec().encode(.credit(Credit(count: 65_536, received: 0)))])
            Thread.detachNewThread { [self] in
                while !isStopped.load(ordering: .relaxed), let frame = try? dealer.receive() { try? take(frame) }
            }
        }

        func stop() { isStopped.store(true, ordering: .relaxed) }

        /// The coordinator's heartbeats come every second, and are the clock.
        private func take(_ frame: Data) throws {
            switch try MessageCodec().decode(frame) {
            case .lease(let lease): leases.withLock { $0.append(lease) }
            case .error(let report): errors.withLock { $0.append(report) }
            case .heartbeat:
                try dealer.send([MessageCodec().encode(.heartbeat(Heartbeat()))])
                for (number, lease) in leases.withLock({ $0 }).enumerated() {
                    // The first is said to have more tokens than its unit can.
                    let progress = Progress(
                        unit: lease.unit, attempt: lease.attempt, tokens: number == 0 ? 1_000_000 : 1)
                    try dealer.send([MessageCodec().encode(.progress(progress))])
                }
            default: break
            }
        }
    }

    @Test("costs the run no more than the wait for the shortest lease; tokens that a unit cannot have are refused")
    func hoarder() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(model)
        let endpoint = try await cluster.endpoint(coordinator)
        let hoarder = try Hoarder(endpoint, model)
        defer { hoarder.stop() }
        while hoarder.leases.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(20)) }
        let worker = try cluster.worker(endpoint, model: model.path, name: "ann")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        let first = try #require(hoarder.errors.withLock { $0.first })
        #expect(first.category == .malformedMessage)
        #expect(first.message.hasPrefix("PROGRESS names 1000000 tokens, expected at most "), "\(first.message)")
        let refusal = try #require(coordinator.lines.first { $0.contains("progress refused") })
        #expect(refusal.contains("worker=hoarder"), "\(refusal)")
    }
}
