import T2Core
import T2Learning
import T2TestSupport
import Testing

@Suite("Update of the parameters")
struct ParameterUpdateTests {
    private let layout = ExpertLayout(entries: [.init(name: "a", count: 2), .init(name: "b", count: 2)])

    private func update(_ change: (inout RunConfiguration) -> Void = { _ in }) throws -> ParameterUpdate {
        var configuration = RunConfiguration()
        change(&configuration)
        return try ParameterUpdate(parameterisation: .direct(layout), configuration: configuration)
    }

    @Test("lowers the loss, reports the norm before clipping, and is reproducible")
    func downhill() throws {
        let update = try update()
        let gradient = ExpertVector(layout: layout, values: [3, -4, 0, 0])
        func apply() throws -> ParameterUpdate.Outcome {
            try update.apply(
                vectorGradient: gradient, parameters: [1, 1, 1, 1], optimizerState: .init(count: 4), step: 0)
        }
        let outcome = try apply()
        #expect(outcome.gradientNorm == 5)
        #expect(outcome.parameters[0] < 1 && outcome.parameters[1] > 1)
        #expect(outcome.parameters[2...] == [1, 1])
        #expect(outcome.optimizerState.steps == 1)
        #expect(outcome.learningRate == Double(Float(1e-2)))
        #expect(try apply() == outcome)
    }

    @Test("finds the minimum of a quadratic objective with the sigmoid parameterisation")
    func sigmoidLearns() throws {
        var configuration = RunConfiguration()
        configuration.learningRate = 0.05
        configuration.steps = 400
        let sigmoid = try Parameterisation.sigmoid(layout, singularValues: [[2, 1], [1, 3]])
        let update = try ParameterUpdate(parameterisation: sigmoid, configuration: configuration)
        // The goal is reachable, since both matrices keep their nuclear norms: 2·0.9 + 1·1.2 = 3 and 1·1.3 + 3·0.9 = 4.
        let goal: [Float] = [0.9, 1.2, 1.3, 0.9]
        var parameters = sigmoid.initialParameters(seed: 1)
        var state = AdamW.State(count: 4)
        for step in 0..<400 {
            let z = sigmoid.vector(parameters).values
            let gradient = ExpertVector(layout: layout, values: zip(z, goal).map { 2 * ($0 - $1) })
            let outcome = try update.apply(
                vectorGradient: gradient, parameters: parameters, optimizerState: state, step: step)
            (parameters, state) = (outcome.parameters, outcome.optimizerState)
        }
        #expect(largestDifference(sigmoid.vector(parameters).values, goal.map(Double.init)) < 0.01)
    }

    @Test(
        "stops at the first non-finite value of the gradient and names weight and index",
        arguments: [Float.nan, -.infinity])
    func nonFinite(value: Float) throws {
        let update = try update()
        let error = #expect(throws: LearningError.self) {
            try update.apply(
                vectorGradient: ExpertVector(layout: layout, values: [0, 0, 0, value]), parameters: [1, 1, 1, 1],
                optimizerState: .init(count: 4), step: 7)
        }
        #expect(
            error == .nonFinite(quantity: "the gradient of z at step 7", entry: "b", index: 1, value: "\(value)"))
        #expect(
            error?.description.hasSuffix(
                "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.") == true)
        #expect(error?.exitStatus == .data)
    }

    @Test("stops when an overflow would make p or its moments infinite")
    func overflow() throws {
        let update = try update { $0.clipNorm = .greatestFiniteMagnitude }
        let error = #expect(throws: LearningError.self) {
            try update.apply(
                vectorGradient: ExpertVector(layout: layout, values: [0, 1e30, 0, 0]), parameters: [1, 1, 1, 1],
                optimizerState: .init(count: 4), step: 0)
        }
        #expect(
            error == .nonFinite(quantity: "the second moment after step 0", entry: "a", index: 1, value: "inf"))
    }

    @Test("accepts the default configuration, and refuses every value out of range with the name of its key")
    func configuration() throws {
        try RunConfiguration().validateLearning()
        let changes: [(String, (inout RunConfiguration) -> Void)] = [
            ("learning-rate", { $0.learningRate = -1 }), ("adam-beta2", { $0.adamBeta2 = 1 }),
            ("clip-norm", { $0.clipNorm = 0 }), ("warm-up-steps, steps", { $0.warmUpSteps = 30 }),
            ("weight-decay", { $0.weightDecay = .nan }), ("patience", { $0.patience = -1 }),
            ("kl-coefficient", { $0.klCoefficient = -1 }),
            ("advantage, samples-per-prompt", { $0.advantage = .groupMean }),
            ("advantage, samples-per-prompt, prompts-per-unit", { $0.promptsPerUnit = 1 }),
            ("kl-direction, kl-estimator", { ($0.klDirection, $0.klEstimator) = (.referencePolicy, .k3) }),
        ]
        for (key, change) in changes {
            var configuration = RunConfiguration()
            change(&configuration)
            let error = #expect(throws: LearningError.self, "\(key)") { try configuration.validateLearning() }
            #expect(error?.description.hasPrefix(key + ": ") == true)
            #expect(error?.exitStatus == .configuration)
        }
    }
}
