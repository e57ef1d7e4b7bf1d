import Foundation
import T2CommandLine
import T2Core

/// What `t2 compare` prints.
struct ComparisonResult: Encodable {
    struct System: Encodable {
        let records: String
        let correct: Int
        let accuracy: Double
        /// Lower and upper end of Wilson's interval.
        let interval_95: [Double]

        init(_ records: String, _ interval: AccuracyInterval) {
            self.records = records
            correct = interval.correct
            accuracy = interval.accuracy
            interval_95 = [interval.lower, interval.upper]
        }
    }

    let first: System
    let second: System
    /// The number of problems judged in both evaluations.
    let n: Int
    let excluded: Int
    let both_right: Int
    let only_first: Int
    let only_second: Int
    let both_wrong: Int
    /// Second minus first, as a fraction: 0.1 is ten points.
    let difference: Double
    /// Lower and upper end of Tango's interval.
    let difference_interval_95: [Double]
    /// p of McNemar's exact two-sided test.
    let p_value: Double

    init(_ comparison: PairedComparison, first: String, second: String) {
        self.first = System(first, comparison.first)
        self.second = System(second, comparison.second)
        n = comparison.count
        excluded = comparison.excluded
        both_right = comparison.bothRight
        only_first = comparison.onlyFirst
        only_second = comparison.onlySecond
        both_wrong = comparison.bothWrong
        difference = comparison.difference
        difference_interval_95 = [comparison.lower, comparison.upper]
        p_value = comparison.pValue
    }

    var text: String {
        let ends = difference_interval_95.map(Self.points)
        var rows: [(name: String, value: String)] = [
            ("first", line(first)),
            ("second", line(second)),
            ("difference", "\(Self.points(difference)) points; 95 % interval \(ends[0]) to \(ends[1])"),
            ("McNemar", "p \(p_value < 0.0001 ? "< 0.0001" : String(format: "= %.4f", p_value)), exact, two-sided"),
        ]
        if excluded > 0 {
            rows.append(("EXCLUDED", "\(excluded) problems: the reward of one system or of both is missing"))
        }
        return PlainText.table(rows) + "\n" + crossTable
    }

    private func line(_ system: System) -> String {
        let ends = system.interval_95.map(PlainText.percent).joined(separator: " to ")
        return "\(PlainText.percent(system.accuracy)) %, \(system.correct) of \(n); 95 % interval \(ends) %; "
            + system.records
    }

    private var crossTable: String {
        let rows = [
            ["", "second right", "second wrong"], ["first right", "\(both_right)", "\(only_first)"],
            ["first wrong", "\(only_second)", "\(both_wrong)"],
        ]
        return rows.map { row in
            row[0].padding(toLength: 11, withPad: " ", startingAt: 0)
                + row[1...].map { String(repeating: " ", count: max(2, 14 - $0.count)) + $0 }.joined() + "\n"
        }.joined()
    }

    private static func points(_ share: Double) -> String { String(format: "%+.1f", 100 * share) }
}
