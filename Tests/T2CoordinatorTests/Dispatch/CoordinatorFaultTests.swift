import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite("A coordinator whose workers' links double, reorder and cut messages", .timeLimit(.minutes(20)))
struct CoordinatorFaultTests {
    /// Chances and the moment at which a link is cut, drawn from a seed.
    static func plan(_ seed: UInt64) -> FaultPlan {
        var random = SeededRandom(seed: seed)
        return FaultPlan(
            seed: seed, duplicate: 0.4 * random.nextUniform(), hold: 0.4 * random.nextUniform(),
            cutAt: random.next().isMultiple(of: 2) ? Int(random.next() % 60) : nil)
    }

    @Test("comes to the same bytes as undisturbed", arguments: UInt64(1)...12)
    func sameBytes(seed: UInt64) async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let workers = try await [
            ArithmeticWorker("ann", on: network, faults: Self.plan(seed)),
            ArithmeticWorker("bob", on: network, faults: Self.plan(seed + 100)),
        ]
        // A worker whose link was cut comes back as a new incarnation, now on a good link.
        let heirs = Task {
            await withTaskGroup(of: Void.self) { group in
                for (name, worker) in zip(["ann", "bob"], workers) {
                    group.addTask {
                        try? await worker.run()
                        try? await ArithmeticWorker(name, incarnation: 2, on: network).run()
                    }
                }
            }
        }
        guard case .finished = try await coordinator.run() else {
            Issue.record("expected the run to finish")
            return
        }
        heirs.cancel()
        try journal.close()
        for name in ["expert-last.safetensors", "expert-best.safetensors"] {
            #expect(try folder.bytes(name) == expected.bytes(name), "\(name)")
        }
    }
}
