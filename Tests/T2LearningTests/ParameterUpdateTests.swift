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

    private func start(step: Int = 0) throws -> Checkpoint {
        var start = try Checkpoint(RunConfiguration(), modelDigest: Digest(of: "m"), .direct(layout))
        start.step = step
        return start
    }

    @Test("lowers the loss, reports the norm before clipping, and is reproducible")
    func downhill() throws {
        let update = try update()
        let gradient = ExpertVector(layout: layout, values: [3, -4, 0, 0])
        let start = try start()
        var (first, second) = (start, start)
        let (norm, rate) = try update.apply(gradient, to: &first)
        #expect(norm == 5)
        #expect(first.parameters[0] < 1 && first.parameters[1] > 1)
        #expect(first.parameters[2...] == [1, 1])
        #expect(first.optimizerState.steps == 1 && first.step == 1)
        #expect(rate == Double(Float(1e-2)))
        let again = try update.apply(gradient, to: &second)
        #expect(again == (norm, rate))
        #expect(second == first)
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
        configuration.seed = 1
        var checkpoint = try Checkpoint(configuration, modelDigest: Digest(of: "m"), sigmoid)
        for _ in 0..<400 {
            let z = sigmoid.vector(checkpoint.parameters).values
            let gradient = ExpertVector(layout: layout, values: zip(z, goal).map { 2 * ($0 - $1) })
            _ = try update.apply(gradient, to: &checkpoint)
        }
        #expect(largestDifference(sigmoid.vector(checkpoint.parameters).values, goal.map(Double.init)) < 0.01)
    }

    @Test(
        "stops at the first non-finite value of the gradient and names weight and index",
        arguments: [Float.nan, -.infinity])
    func nonFinite(value: Float) throws {
        let (update, start) = (try update(), try start(step: 7))
        var checkpoint = start
        let error = #expect(throws: LearningError.self) {
            try update.apply(ExpertVector(layout: layout, values: [0, 0, 0, value]), to: &checkpoint)
        }
        #expect(checkpoint == start)
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
        let start = try start()
        var checkpoint = start
        let error = #expect(throws: LearningError.self) {
            try update.apply(ExpertVector(layout: layout, values: [0, 1e30, 0, 0]), to: &checkpoint)
        }
        #expect(checkpoint == start)
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
