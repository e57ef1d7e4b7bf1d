import Foundation
import T2Core
import Testing

@Suite("PairedComparison")
struct PairedComparisonTests {
    @Test(
        "published intervals and p-values",
        arguments: [
            // Fagerland, Lydersen, Laake, Statistics in Medicine 33 (2014): airway hyper-responsiveness before and after stem
            // cell transplantation. Their difference is before less after.
            (1, 7, 1, 12, -0.286, -0.517, -0.026, 0.0703, 5e-4),
            // Armitage and Berry, "Statistical Methods in Medical Research" (1994), page 127: two media for culturing. They give
            // the p-value; the interval is computed as the ones below are.
            (20, 2, 12, 16, 0.2, 0.0611, 0.3447, 0.0129, 5e-4),
        ])
    func published(
        bothRight: Int, onlyFirst: Int, onlySecond: Int, bothWrong: Int, difference: Double, lower: Double,
        upper: Double, pValue: Double, tolerance: Double
    ) {
        let comparison = PairedComparison(
            bothRight: bothRight, onlyFirst: onlyFirst, onlySecond: onlySecond, bothWrong: bothWrong)
        #expect(abs(comparison.difference - difference) < tolerance)
        #expect(abs(comparison.lower - lower) < tolerance)
        #expect(abs(comparison.upper - upper) < tolerance)
        #expect(abs(comparison.pValue - pValue) < 5e-5)
    }

    @Test(
        "intervals by numerical maximum likelihood and p-values by SciPy 1.17's binomtest",
        arguments: [
            (59, 16, 6, 80, -0.124023432458, -0.005433395284, 0.052478790283203125),
            (40, 20, 40, 60, 0.030864532488, 0.218064243682, 0.01348929373119186),
            (0, 0, 0, 30, -0.113513399442, 0.113513393174, 1),
            (0, 29, 0, 1, -0.994091449849, -0.743423658232, 3.725290298461914e-09),
            (10, 0, 8, 12, 0.122883035713, 0.444479616952, 0.0078125),
            (219, 10, 306, 65, 0.450242867412, 0.535351893769, 3.6687306471640064e-77),
            (100, 1100, 1234, 2566, 0.007866953935, 0.045715395542, 0.005894093085247736),
        ])
    func computed(
        bothRight: Int, onlyFirst: Int, onlySecond: Int, bothWrong: Int, lower: Double, upper: Double, pValue: Double
    ) {
        let comparison = PairedComparison(
            bothRight: bothRight, onlyFirst: onlyFirst, onlySecond: onlySecond, bothWrong: bothWrong)
        #expect(abs(comparison.lower - lower) < 1e-6)
        #expect(abs(comparison.upper - upper) < 1e-6)
        #expect(abs(comparison.pValue / pValue - 1) < 1e-9)
    }

    @Test("to swap the systems turns the signs and keeps the p-value")
    func symmetry() {
        for (b, c) in [(3, 9), (0, 5), (40, 41), (0, 0)] {
            let one = PairedComparison(bothRight: 12, onlyFirst: b, onlySecond: c, bothWrong: 7)
            let other = PairedComparison(bothRight: 12, onlyFirst: c, onlySecond: b, bothWrong: 7)
            #expect(one.difference == -other.difference && one.pValue == other.pValue)
            #expect(abs(one.lower + other.upper) < 1e-12 && abs(one.upper + other.lower) < 1e-12)
        }
    }

    @Test("the interval holds the difference and stays inside −1…1, for every table of six problems")
    func bounds() {
        for a in 0...6 {
            for b in 0...(6 - a) {
                for c in 0...(6 - a - b) {
                    let comparison = PairedComparison(
                        bothRight: a, onlyFirst: b, onlySecond: c, bothWrong: 6 - a - b - c)
                    #expect(-1 <= comparison.lower && comparison.lower <= comparison.difference)
                    #expect(comparison.difference <= comparison.upper && comparison.upper <= 1)
                    #expect(comparison.upper - comparison.lower > 0.1)
                    #expect((0...1).contains(comparison.pValue))
                }
            }
        }
    }

    @Test("no problems say nothing")
    func nothing() {
        let comparison = PairedComparison(bothRight: 0, onlyFirst: 0, onlySecond: 0, bothWrong: 0, excluded: 4)
        #expect(comparison.difference == 0 && comparison.lower == -1 && comparison.upper == 1)
        #expect(comparison.pValue == 1 && comparison.count == 0)
    }

    @Test("its JSON says everything, and only the counts are believed")
    func json() throws {
        let comparison = PairedComparison(bothRight: 5, onlyFirst: 1, onlySecond: 7, bothWrong: 2, excluded: 3)
        let data = try JSONEncoder().encode(comparison)
        var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["pValue"] as? Double == comparison.pValue && object["count"] as? Int == 15)
        object["pValue"] = 0.5
        let edited = try JSONSerialization.data(withJSONObject: object)
        #expect(try JSONDecoder().decode(PairedComparison.self, from: edited) == comparison)
        object["onlyFirst"] = -1
        let negative = try JSONSerialization.data(withJSONObject: object)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(PairedComparison.self, from: negative) }
    }
}
