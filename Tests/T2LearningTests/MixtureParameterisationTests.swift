import T2Core
import T2Learning
import Testing

@Suite("Mixtures of experts as parameters")
struct MixtureParameterisationTests {
    private static let layout = ExpertLayout(entries: [.init(name: "a", count: 3), .init(name: "b", count: 2)])
    private static let experts = [
        ExpertVector(layout: layout, values: [1, -0.0, 3.7e-39, 1.25, 0.5]),
        ExpertVector(layout: layout, values: [2, 4, -1, 0.75, 8]),
        ExpertVector(layout: layout, values: [0.5, 1, 1, -2, 1]),
    ]

    @Test("(1, 0, 0) is the first expert, bit for bit", arguments: [false, true])
    func identity(isNormalized: Bool) {
        let shared = MixtureParameterisation(Self.experts, isNormalized: isNormalized)
        #expect(shared.vector([1, 0, 0]).values.map(\.bitPattern) == Self.experts[0].values.map(\.bitPattern))
        let own = MixtureParameterisation(Self.experts, scope: .perMatrix, isNormalized: isNormalized)
        let mixed = own.vector([1, 0, 0, 0, 1, 0]).values
        let expected: [Float] = [1, -0.0, 3.7e-39, 0.75, 8]
        #expect(mixed.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test("starts at equal shares, one α per expert or per expert and matrix")
    func start() {
        let equal = [Double](repeating: 1 / 3, count: 3)
        #expect(MixtureParameterisation(Self.experts).initial == equal)
        #expect(MixtureParameterisation(Self.experts, scope: .perMatrix).initial.count == 6)
    }

    @Test("normalised coefficients sum to 1, those of a sum of 0 are equal")
    func normalized() {
        let mixture = MixtureParameterisation(Self.experts, isNormalized: true)
        #expect(mixture.coefficients([0.2, 0.2, 0.4], matrix: 0) == [0.25, 0.25, 0.5])
        let equal = [Double](repeating: 1 / 3, count: 3)
        #expect(mixture.coefficients([0, 0, 0], matrix: 1) == equal)
    }

    @Test(
        "the gradient is that of finite differences",
        arguments: [MixtureParameterisation.Scope.shared, .perMatrix], [false, true])
    func gradient(scope: MixtureParameterisation.Scope, isNormalized: Bool) {
        let mixture = MixtureParameterisation(Self.experts, scope: scope, isNormalized: isNormalized)
        let slope = ExpertVector(layout: Self.layout, values: [0.3, -2, 1, 0.5, -0.25])
        // J is linear in z, so that its gradient with respect to z is `slope` everywhere.
        func objective(_ alpha: [Double]) -> Double {
            zip(mixture.vector(alpha).values, slope.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let alpha = (0..<mixture.count).map { 0.2 + 0.1 * Double($0) }
        let found = mixture.parameterGradient(alpha, vectorGradient: slope)
        for index in alpha.indices {
            let step = 1e-3
            var (above, below) = (alpha, alpha)
            above[index] += step
            below[index] -= step
            let expected = (objective(above) - objective(below)) / (2 * step)
            // z is rounded to float32.
            #expect(abs(found[index] - expected) < 2e-3)
        }
    }
}
