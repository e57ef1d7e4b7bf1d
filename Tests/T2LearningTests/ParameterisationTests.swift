import T2Core
import T2Learning
import T2TestSupport
import Testing

@Suite("Parameterisation of z")
struct ParameterisationTests {
    private struct Case: Decodable {
        let singularValues, parameters, vectorGradient: [[Float]]
        let vector, parameterGradient: [[Double]]
    }

    private static func layout(_ counts: [Int]) -> ExpertLayout {
        ExpertLayout(entries: counts.enumerated().map { .init(name: "weight \($0.offset)", count: $0.element) })
    }

    @Test("by sigmoid agrees with PyTorch's autograd to 1e-6, whatever c_max is")
    func autograd() throws {
        let cases: [Case] = try Fixture.read("sigmoid")
        #expect(cases.count == 2)
        for fixture in cases {
            let layout = Self.layout(fixture.singularValues.map(\.count))
            let sigmoid = try Parameterisation.sigmoid(layout, singularValues: fixture.singularValues)
            let p = fixture.parameters.flatMap(\.self)
            let vector = sigmoid.vector(p)
            #expect(largestDifference(vector.values, fixture.vector.flatMap(\.self)) < 1e-6)
            let gradient = sigmoid.parameterGradient(
                p: p, vectorGradient: ExpertVector(layout: layout, values: fixture.vectorGradient.flatMap(\.self)))
            #expect(largestDifference(gradient, fixture.parameterGradient.flatMap(\.self)) < 1e-6)
        }
    }

    @Test("by sigmoid has the gradient of central differences", arguments: [1, 2, 16])
    func finiteDifferences(count: Int) throws {
        var random = SeededRandom(seed: UInt64(count))
        for _ in 0..<10 {
            let matrix = try #require(
                NuclearNormSigmoid(singularValues: (0..<count).map { _ in abs(random.nextNormal()) + 0.1 }))
            let p = (0..<count).map { _ in random.nextNormal() }
            let weights = (0..<count).map { _ in random.nextNormal() }
            func objective(_ p: [Double]) -> Double { zip(weights, matrix.vector(p)).reduce(0) { $0 + $1.0 * $1.1 } }
            let gradient = matrix.gradient(p: p, vectorGradient: weights)
            for index in 0..<count {
                var up = p
                var down = p
                up[index] += 1e-5
                down[index] -= 1e-5
                #expect(abs(gradient[index] - (objective(up) - objective(down)) / 2e-5) < 1e-8)
            }
        }
    }

    @Test("by sigmoid keeps each matrix's nuclear norm, from the start")
    func nuclearNorm() throws {
        let singularValues: [[Float]] = [[3, 2, 1, 0.5], [10, 0.1]]
        let sigmoid = try Parameterisation.sigmoid(Self.layout([4, 2]), singularValues: singularValues)
        let z = sigmoid.vector(sigmoid.initialParameters(seed: 5))
        for (index, sigma) in singularValues.enumerated() {
            let norm = zip(sigma, z[entry: index]).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(norm / sigma.reduce(0, +) - 1) < 1e-6)
        }
        #expect(z.values.allSatisfy { abs($0 - 1) < 0.03 })
    }

    @Test("by sigmoid starts at 0.1 ± 0.01, determined by the seed")
    func initialValues() throws {
        let count = 4000
        let sigmoid = try Parameterisation.sigmoid(
            Self.layout([count]), singularValues: [[Float](repeating: 1, count: count)])
        let p = sigmoid.initialParameters(seed: 5)
        let mean = p.reduce(0.0) { $0 + Double($1) } / Double(count)
        let deviation = (p.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)).squareRoot()
        #expect(abs(mean - 0.1) < 1e-3)
        #expect(abs(deviation - 0.01) < 1e-3)
        #expect(p == sigmoid.initialParameters(seed: 5))
        #expect(p != sigmoid.initialParameters(seed: 6))
    }

    @Test("by z itself is the identity and starts at the base model")
    func direct() {
        let layout = Self.layout([2, 1])
        let direct = Parameterisation.direct(layout)
        #expect(direct.vector(direct.initialParameters(seed: 1)) == ExpertVector(layout: layout, repeating: 1))
        let gradient = ExpertVector(layout: layout, values: [3, -2, 0.5])
        #expect(direct.parameterGradient(p: [1, 2, 3], vectorGradient: gradient) == gradient.values)
    }

    @Test(
        "by sigmoid refuses singular values without a nuclear norm and names the weight",
        arguments: [[0, 0], [1, -1], [1, Float.nan], [.infinity, 1]])
    func unusable(values: [Float]) {
        let error = #expect(throws: LearningError.self) {
            try Parameterisation.sigmoid(Self.layout([1, 2]), singularValues: [[1], values])
        }
        #expect(error?.description.contains("'weight 1'") == true)
    }

    @Test("by sigmoid refuses another number of singular values")
    func wrongCount() {
        let error = #expect(throws: LearningError.self) {
            try Parameterisation.sigmoid(Self.layout([1, 2]), singularValues: [[1], [1, 2, 3]])
        }
        #expect(error == .wrongCount(quantity: "the singular values of 'weight 1'", expected: 2, found: 3))
    }
}
