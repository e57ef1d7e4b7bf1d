import Foundation
import T2Report
import Testing

@Suite("AxisTicks")
struct AxisTicksTests {
    @Test(
        "ticks are round numbers that enclose the range",
        arguments: [
            (0.0...1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.384...0.875, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
            (-1...1, [-1, -0.5, 0, 0.5, 1]), (0...40, [0, 10, 20, 30, 40]),
            (0...16_000, [0, 5000, 10_000, 15_000, 20_000]),
        ])
    func values(range: ClosedRange<Double>, expected: [Double]) {
        let ticks = AxisTicks(range)
        #expect(ticks.values.count == expected.count)
        for (tick, value) in zip(ticks.values, expected) { #expect(abs(tick - value) < 1e-9 * max(1, abs(value))) }
    }

    @Test(
        "a few ticks enclose any range, and their texts differ",
        arguments: [
            0.0...0.0, 3...3, -0.25 ... -0.25, 1e-7...1e-7, 1e12...1e12, -1e12...1e12, 0...1e-9, 5...5.0000001, 0...0.3,
            0.1...0.7, -0.05...0.93, 199...201,
        ])
    func coverage(range: ClosedRange<Double>) {
        for count in 2...8 {
            let ticks = AxisTicks(range, count: count)
            #expect((2...2 * count + 2).contains(ticks.values.count))
            let slack = 1e-6 * (ticks.range.upperBound - ticks.range.lowerBound)
            #expect(ticks.range.lowerBound <= range.lowerBound + slack)
            #expect(ticks.range.upperBound >= range.upperBound - slack)
            let texts = ticks.values.map { NumberText.fixed($0, ticks.decimals) }
            #expect(Set(texts).count == texts.count)
        }
    }

    @Test("ticks of counts are whole numbers", arguments: [0.0...0.0, 0...1, 0...2, 7...7, 1...40, 0...16_000])
    func whole(range: ClosedRange<Double>) {
        let ticks = AxisTicks(range, count: 6, whole: true)
        #expect(ticks.values.allSatisfy { $0 == $0.rounded() } && ticks.decimals == 0)
        #expect(Set(ticks.values).count == ticks.values.count && ticks.values.count >= 2)
    }
}
