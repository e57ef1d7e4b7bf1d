import T2Core
import T2Learning
import Testing

@Suite("Sum of unit gradients")
struct GradientSumTests {
    private let layout = ExpertLayout(entries: [.init(name: "a", count: 3), .init(name: "b", count: 5)])

    private func gradients(units: Int) -> [[Float]] {
        var random = SeededRandom(seed: 3)
        return (0..<units).map { _ in (0..<8).map { _ in Float(random.nextNormal() * 1e3) } }
    }

    @Test("is summed in Float64 in the order of the units, and rounded once")
    func order() throws {
        let gradients = gradients(units: 9)
        var sum = GradientSum(layout: layout)
        for (unit, gradient) in gradients.enumerated() { try sum.add(gradient, unit: unit) }
        let mean = sum.mean(sequences: 72)
        for index in 0..<8 {
            #expect(mean.values[index] == Float(gradients.reduce(0.0) { $0 + Double($1[index]) } / 72))
        }
    }

    @Test(
        "refuses a non-finite gradient, names unit, weight and index, and is unchanged",
        arguments: [Float.nan, .infinity])
    func nonFinite(value: Float) throws {
        var sum = GradientSum(layout: layout)
        let error = #expect(throws: LearningError.self) { try sum.add([1, 2, 3, 4, value, 6, 7, 8], unit: 0) }
        #expect(
            error
                == .nonFinite(quantity: "the gradient of unit 0", entry: "b", index: 1, value: "\(value)"))
        try sum.add([1, 2, 3, 4, 5, 6, 7, 8], unit: 0)
        #expect(sum.mean(sequences: 1).values == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test("refuses a gradient with another number of values")
    func wrongCount() {
        var sum = GradientSum(layout: layout)
        let error = #expect(throws: LearningError.self) { try sum.add([1, 2], unit: 0) }
        #expect(error?.description.hasPrefix("the gradient of unit 0 has 2 values, expected 8") == true)
    }
}
