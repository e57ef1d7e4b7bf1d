import Foundation
import T2Core
import T2Jobs
import T2Learning
import T2TestSupport
import Testing

/// A job gives the same bytes whatever happens to its messages, workers and coordinator.
@Suite("Over links that lose, double and reorder messages, with a worker that vanishes and comes back")
struct FaultTests {
    @Test(
        "a training run ends in the same checkpoint", .serialized, .timeLimit(.minutes(20)), arguments: UInt64(1)...24)
    func training(seed: UInt64) async throws { try await compare(.training, seed) }

    @Test(
        "an evaluation whose first pass decides which policy answers ends in the same records",
        .serialized, .timeLimit(.minutes(20)), arguments: UInt64(1)...24)
    func evaluation(seed: UInt64) async throws { try await compare(.evaluation, seed) }

    @Test(
        "a search ends in the same mixture, by the same iterations", .serialized, .timeLimit(.minutes(20)),
        arguments: UInt64(1)...24)
    func search(seed: UInt64) async throws {
        try await compare(.search(FewShotSearch.Method.allCases[Int(seed % 3)]), seed)
    }

    @Test(
        "a coordinator that vanishes twice goes on from its folder and ends in the same bytes", .serialized,
        .timeLimit(.minutes(20)),
        arguments: UInt64(1)...24)
    func restarts(seed: UInt64) async throws {
        let kinds: [FaultRuns.Kind] = [.training, .evaluation, .search(.cem), .search(.gradient)]
        var random = SeededRandom(seed: seed)
        // The first is among the messages that every job needs.
        let cuts = [2 + Int(random.next32() % 6), 2 + Int(random.next32() % 30)]
        let found = try await compare(kinds[Int(seed % 4)], seed, coordinatorCuts: cuts)
        #expect(found.restarts > 0)
    }

    @Test(
        "a training run, an evaluation and a search that share the workers end as they do alone",
        .serialized, .timeLimit(.minutes(20)), arguments: UInt64(1)...24)
    func together(seed: UInt64) async throws {
        let found = try await FaultRuns.shared.runTogether(seed: seed)
        for (kind, result) in zip([FaultRuns.Kind.training, .evaluation, .search(.cem)], found) {
            #expect(try await FaultRuns.shared.undisturbed(kind) == result, "\(kind)")
        }
    }

    @Test("faults of each kind strike, and no two seeds' are the same")
    func faults() async throws {
        var seen: [[FaultPlan.Fate: Int]] = []
        for seed in UInt64(1)...4 { seen.append(try await FaultRuns.shared.run(.training, seed: seed).faults) }
        let all = seen.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        for fate in [FaultPlan.Fate.pass, .drop, .duplicate, .hold(behind: 1), .cut] {
            #expect(all[fate] ?? 0 > 0, "\(fate)")
        }
        #expect(Set(seen).count == seen.count)
    }

    @discardableResult
    private func compare(
        _ kind: FaultRuns.Kind, _ seed: UInt64, coordinatorCuts: [Int] = []
    ) async throws -> FaultRuns.Outcome {
        let expected = try await FaultRuns.shared.undisturbed(kind)
        let found = try await FaultRuns.shared.run(kind, seed: seed, coordinatorCuts: coordinatorCuts)
        #expect(found.result == expected)
        return found
    }
}
