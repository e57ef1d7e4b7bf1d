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

    @Test("does not depend on the order of arrival, to the last bit")
    func order() throws {
        let gradients = gradients(units: 9)
        var expected: ExpertVector?
        for order in [Array(0..<9), Array((0..<9).reversed()), [4, 0, 8, 1, 7, 2, 6, 3, 5]] {
            var sum = GradientSum(layout: layout)
            for unit in order { try sum.add(gradients[unit], unit: unit) }
            let mean = sum.mean(units: 9, sequences: 72)
            #expect(mean == expected ?? mean)
            expected = mean
        }
        let column = gradients.reduce(0.0) { $0 + Double($1[4]) } / 72
        #expect(expected?.values[4] == Float(column))
    }

    @Test("holds back the units behind a missing one")
    func gap() throws {
        let gradients = gradients(units: 3)
        var sum = GradientSum(layout: layout)
        try sum.add(gradients[0], unit: 0)
        try sum.add(gradients[2], unit: 2)
        #expect(sum.added == 1)
        try sum.add(gradients[1], unit: 1)
        #expect(sum.added == 3)
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
        #expect(sum.mean(units: 1, sequences: 1).values == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test("refuses a gradient with another number of values")
    func wrongCount() {
        var sum = GradientSum(layout: layout)
        let error = #expect(throws: LearningError.self) { try sum.add([1, 2], unit: 5) }
        #expect(error?.description.hasPrefix("the gradient of unit 5 has 2 values, expected 8") == true)
    }
}
