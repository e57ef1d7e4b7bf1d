import T2Core
import T2Engine
import T2Model
import T2TestSupport
import Testing

@Suite("Checking a unit's completions")
struct UnitCheckTests {
    private static func check(_ model: ReferenceModel, _ unit: WorkUnit, _ tokens: [[Int32]]) throws -> UnitOutput {
        let policies = model.policies(model.vector())
        return try model.engine.computer().run(unit, policies, on: model.lane, checking: tokens) { _ in true }
    }

    @Test(
        "comes to the sampled completions, their rewards and their gradient, by passes over whole sequences",
        arguments: ModelFixture.names, [1 as Float, 0.7, 0])
    func honest(name: String, temperature: Float) throws {
        let model = try ReferenceModel(name)
        let policy = Policy.svf(model.vector())
        for index in 0..<4 {
            let unit = model.unit(
                policy, index: index, samples: 4, maxTokens: 30, advantage: temperature == 0 ? nil : .unitMean,
                temperature: temperature)
            let sampled = try model.engine.run(unit, [policy])
            let checked = try Self.check(model, unit, sampled.completions.map(\.tokens))
            #expect(checked.completions.map(\.tokens) == sampled.completions.map(\.tokens))
            let rounding = largestDifference(
                checked.completions.map(\.logProbabilities), sampled.completions.map(\.logProbabilities))
            #expect(rounding < 1e-4)
            func rest(_ completion: Completion) -> Completion {
                var completion = completion
                completion.logProbabilities = []
                return completion
            }
            #expect(checked.completions.map(rest) == sampled.completions.map(rest))
            if let gradient = sampled.gradient {
                #expect(largestDifference(try #require(checked.gradient), gradient) < 1e-3)
            }
        }
    }

    @Test(
        "ends a completion where a token is another than the draw's, with the draw's own", arguments: [1 as Float, 0])
    func wrongToken(temperature: Float) throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let unit = model.unit(policy, advantage: nil, temperature: temperature)
        let sampled = try model.engine.run(unit, [policy]).completions.map(\.tokens)
        var given = sampled
        given[1][4] = given[1][4] == 9 ? 8 : 9
        let checked = try Self.check(model, unit, given)
        #expect(checked.completions[1].tokens == Array(sampled[1].prefix(5)))
        #expect(checked.completions[1].logProbabilities.count == 5)
        #expect([0, 2, 3].allSatisfy { checked.completions[$0].tokens == sampled[$0] })
        #expect(checked.statistics.completionTokens == checked.completions.reduce(0) { $0 + $1.tokens.count })
    }

    @Test("goes on where a completion stops too early, and ends one that goes on too long")
    func length() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let unit = model.unit(policy, samples: 16, maxTokens: 100)
        let sampled = try model.engine.run(unit, [policy]).completions
        var given = sampled.map(\.tokens)
        let long = try #require(sampled.firstIndex { $0.tokens.count > 3 })
        given[long] = Array(given[long].prefix(2))
        #expect(try Self.check(model, unit, given).completions[long].tokens == Array(sampled[long].tokens.prefix(3)))
        given[long] = []
        #expect(try Self.check(model, unit, given).completions[long].tokens == Array(sampled[long].tokens.prefix(1)))
        given[long] = sampled[long].tokens + [5, 5]
        #expect(try Self.check(model, unit, given).completions[long].tokens == sampled[long].tokens)
        let stopped = try #require(sampled.firstIndex { $0.finishReason == .stop && $0.tokens.count < 90 })
        given[stopped] = sampled[stopped].tokens + [5, 5]
        let checked = try Self.check(model, unit, given).completions[stopped]
        #expect(checked.tokens == sampled[stopped].tokens && checked.finishReason == .stop)
    }

    @Test("is refused for tokens that the unit cannot have: a lease comes from the network")
    func unsuitable() throws {
        let model = try ReferenceModel()
        let unit = model.unit(Policy.svf(model.vector()))
        for tokens in [[], [[1]], [[1], [1], [1], [-1]], [[1], [1], [1], [Int32.max]]] as [[[Int32]]] {
            let error = #expect(throws: UnitError.self) { try Self.check(model, unit, tokens) }
            #expect(error?.category == .unsuitableLease)
        }
    }
}
