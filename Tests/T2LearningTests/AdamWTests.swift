import T2Core
import T2Learning
import T2TestSupport
import Testing

@Suite("AdamW and clipping")
struct AdamWTests {
    private struct Case: Decodable {
        struct Step: Decodable {
            let gradient: [Float]
            let norm: Double
            let parameters, firstMoment, secondMoment: [Double]
        }
        let learningRate, weightDecay, clipNorm: Double
        let start: [Float]
        let steps: [Step]
    }

    @Test("agree with torch.optim.AdamW and clip_grad_norm_ to 1e-6 over five steps", arguments: 0..<3)
    func torch(number: Int) throws {
        let fixture = try Fixture.read("adamw", as: [Case].self)[number]
        let optimizer = try AdamW(weightDecay: fixture.weightDecay)
        var parameters = fixture.start
        var state = AdamW.State(count: parameters.count)
        #expect(fixture.steps.count == 5)
        for step in fixture.steps {
            var gradient = step.gradient
            #expect(abs(clip(&gradient, largestNorm: fixture.clipNorm) / step.norm - 1) < 1e-6)
            optimizer.step(
                parameters: &parameters, gradient: gradient, learningRate: fixture.learningRate, state: &state)
            #expect(largestDifference(parameters, step.parameters) < 1e-6)
            for (found, expected) in [(state.firstMoment, step.firstMoment), (state.secondMoment, step.secondMoment)] {
                let scale = expected.reduce(0) { max($0, abs($1)) }
                #expect(largestDifference(found, expected) < 1e-6 * scale)
            }
        }
        #expect(state.steps == 5)
    }

    private struct ClippingCase: Decodable {
        let gradient: [Float]
        let clipNorm, norm: Double
        let clipped: [Double]
    }

    @Test("clip a gradient of several tensors by the norm over all of them, as torch does, to 1e-6 relative")
    func clipping() throws {
        let cases = try Fixture.read("clipping", as: [ClippingCase].self)
        #expect(cases.count == 6)
        for fixture in cases {
            var gradient = fixture.gradient
            let norm = clip(&gradient, largestNorm: fixture.clipNorm)
            #expect(abs(norm - fixture.norm) <= 1e-6 * fixture.norm)
            let scale = fixture.clipped.reduce(0) { max($0, abs($1)) }
            #expect(largestDifference(gradient, fixture.clipped) <= 1e-6 * scale)
        }
    }

    @Test("leave a gradient below the norm unchanged, bit for bit")
    func unclipped() {
        var gradient: [Float] = [0.1, -0.2, 0.3]
        _ = clip(&gradient, largestNorm: 1)
        #expect(gradient == [0.1, -0.2, 0.3])
    }

    @Test("decay weights independently of the gradient")
    func decoupledDecay() throws {
        var parameters: [Float] = [2]
        var state = AdamW.State(count: 1)
        try AdamW(weightDecay: 0.5).step(parameters: &parameters, gradient: [0], learningRate: 0.1, state: &state)
        #expect(abs(parameters[0] - 1.9) < 1e-6)
        #expect(state.secondMoment == [0])
    }

    @Test(
        "refuse settings out of range and name the key",
        arguments: [
            ("adam-beta1", 1.0, 0.999, 1e-8, 0.0), ("adam-beta2", 0.9, -0.1, 1e-8, 0),
            ("adam-epsilon", 0.9, 0.999, 0, 0),
            ("weight-decay", 0.9, 0.999, 1e-8, -1),
        ])
    func outOfRange(key: String, beta1: Double, beta2: Double, epsilon: Double, decay: Double) {
        let error = #expect(throws: LearningError.self) {
            try AdamW(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay)
        }
        #expect(error?.description.hasPrefix("\(key): is ") == true)
    }
}
