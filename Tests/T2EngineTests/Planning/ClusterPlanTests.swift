import Foundation
import T2Core
import T2Engine
import T2Formats
import T2TestSupport
import Testing

@Suite("The plan of a training run")
struct ClusterPlanTests {
    /// A core makes 50 GFLOP/s in float32 and 100 in bfloat16 with many rows.
    private static let rates = MachineRates(
        cores: 2,
        products: [
            "f32": .init(rows: [1, 64], gflops: [5, 50], packing: nil),
            "bf16": .init(rows: [1, 64], gflops: [10, 100], packing: 1),
        ], memory: 100, cachedAttention: 1, attention: 10, activations: 1, draws: 1, losses: 0.5,
        referenceLosses: 0.25, decompositions: 1)

    private func plan(
        workers: Int = 4, memory: Int? = 64 << 30, bandwidth: Double = 1000, type: WeightType = .bfloat16,
        _ change: (inout Workload) -> Void = { _ in }
    ) throws -> ClusterPlan {
        let model = try ModelConfiguration(path: Repository.path + "/scripts/bench/shapes/llama-3-8b.json")
        var work = Workload(RunConfiguration(), promptTokens: 100)
        change(&work)
        return ClusterPlan(
            model, type, work, Self.rates, .init(cores: 16, memory: memory, bandwidth: bandwidth), workers: workers)
    }

    @Test("has a time of products that is linear between measured rows, and in proportion from the largest on")
    func products() throws {
        let products = try #require(Self.rates[.float32])
        // 2·rows·elements flops at the measured rates.
        #expect(abs(products.seconds(1e9, rows: 1) - 0.4) < 1e-9)
        #expect(abs(products.seconds(1e9, rows: 64) - 2.56) < 1e-9)
        #expect(abs(products.seconds(1e9, rows: 32.5) - (0.4 + 2.56) / 2) < 1e-9)
        #expect(abs(products.seconds(1e9, rows: 128) - 5.12) < 1e-9)
        #expect(products.seconds(1e9, rows: 0.5) == products.seconds(1e9, rows: 1))
    }

    @Test("counts the flops of the forward pass of the policy")
    func flops() throws {
        let plan = try plan(workers: 1) { work in
            (work.promptsPerStep, work.promptsPerUnit) = (4, 4)
            (work.maxTokens, work.newTokens) = (100, 100)
        }
        // Seven matrices a layer and the head, for the tokens of each; attention and the vocabulary take little.
        let rows = 2 * 4096 + 2 * 1024 + 3 * 14_336
        let matrices = 32 * 4096 * rows
        let head = 128_256 * 4096
        let multiplyAdds = Double(matrices * 4 * 199 + head * 400)
        let products = 2 * multiplyAdds / (16 * 100e9)
        #expect(plan.step[.policy] > products && plan.step[.policy] < 1.3 * products)
    }

    @Test("takes half the time on twice the workers, but for merging, the update and traffic")
    func workers() throws {
        let (four, eight) = (try plan(workers: 4), try plan(workers: 8))
        for phase in [StepEstimate.Phase.prefill, .decode, .reference, .policy, .backward, .rewards] {
            #expect(abs(four.step[phase] / eight.step[phase] - 2) < 1e-9)
        }
        #expect(four.step[.merge] == eight.step[.merge] && four.step[.update] == eight.step[.update])
        #expect(eight.step.wireBytes > four.step.wireBytes)
        #expect(eight.fetchSeconds == 2 * four.fetchSeconds && eight.fetchBytes == four.fetchBytes)
        #expect(abs(four.step.total - StepEstimate.Phase.allCases.reduce(0) { $0 + four.step[$1] }) < 1e-9)
    }

    @Test("sends z to each worker and a gradient for each unit")
    func traffic() throws {
        let plan = try plan { $0.newTokens = 1 }
        let values = 4 * 720_896
        #expect(plan.step.wireBytes == 4 * values * 52 / 100 + 8 * values + 128 * 8)
        let slow = try self.plan(bandwidth: 1)
        #expect(slow.step.limit == .transport && slow.warnings.contains { $0.contains("link") })
        #expect(abs(slow.step[.transport] - 8e-6 * Double(slow.step.wireBytes)) < 1e-6)
    }

    @Test("has no reference pass without KL, and only where the KL is measured with a coefficient of 0")
    func reference() throws {
        let always = try plan { $0.referenceShare = 1 }
        #expect(try plan { $0.referenceShare = 0 }.step[.reference] == 0)
        #expect(abs(try plan().step[.reference] - always.step[.reference] / 10) < 1e-9)
        var run = RunConfiguration()
        #expect(Workload(run, promptTokens: 1).referenceShare == 0.1)
        run.klCoefficient = 0.1
        #expect(Workload(run, promptTokens: 1).referenceShare == 1)
    }

    @Test("warns of a worker that does not fit with what would fit, of idle lanes, and of nothing else")
    func warnings() throws {
        #expect(try plan().warnings.isEmpty)
        let large = try plan(type: .float32)
        #expect(!large.fits(large.memory))
        #expect(large.warnings.contains { $0.contains("weights bf16 would fit") })
        let poor = try plan(memory: 8 << 30)
        #expect(poor.warnings.contains { $0.contains("the least") })
        #expect(try plan(workers: 20).warnings.contains { $0.contains("12 of them wait") })
        let unknown = try plan(memory: nil)
        #expect(unknown.fits(unknown.memory))
    }

    @Test("refuses rates that are none", arguments: [0, -1, .nan, .infinity, 1e300])
    func badRates(rate: Double) throws {
        var bad = [Self.rates, Self.rates, Self.rates]
        bad[0].memory = rate
        bad[1].products["f32"]?.gflops[1] = rate
        bad[2].decompositions = rate
        for rates in bad { #expect(throws: InputError.self) { try rates.check(location: "rates.json") } }
        var rows = Self.rates
        rows.products["bf16"]?.rows = [64, 1]
        #expect(throws: InputError.self) { try rows.check(location: "rates.json") }
        try Self.rates.check(location: "rates.json")
    }

    @Test("is made from rates that are measured for the model's shapes without its weights")
    func probe() throws {
        let model = try ModelConfiguration(path: ModelFixture.folder("grouped-tied") + "/config.json")
        let rates = try RateProbe(model, cores: 2).run()
        try rates.check(location: "measured")
        #expect(rates[.float32] != nil && (rates[.bfloat16] != nil) == MachineResources.multipliesBFloat16)
        let text = try JSONEncoder().encode(rates)
        #expect(try JSONDecoder().decode(MachineRates.self, from: text) == rates)
        let work = Workload(RunConfiguration(), promptTokens: 20)
        let plan = ClusterPlan(
            model, .float32, work, rates, .init(cores: 2, memory: nil, bandwidth: 1000), workers: 1)
        #expect(plan.step.total > 0 && plan.step.total < 60)
    }
}
