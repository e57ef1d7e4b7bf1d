import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Jobs

/// Compares two evaluations of the same problems.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares two evaluations of the same problems: the difference, its 95 % interval, McNemar's test.",
        discussion: """
            The command reads what `t2 eval --records FILE` wrote. The difference is the second accuracy minus the first, in \
            percentage points, with Tango's score interval for paired proportions. p is that of McNemar's exact two-sided test: \
            the probability, if neither system is better, that the problems only one of them solved are split at least this \
            unevenly. Problems whose reward is missing on either side are excluded and counted. Both files must hold the same \
            problems, in any order.

            Examples:
              t2 eval --model experts/tiny/base --task gsm-mini --records base.jsonl
              t2 eval --model experts/tiny/base --task gsm-mini \\
                --expert experts/tiny/math.safetensors --records math.jsonl
              t2 compare base.jsonl math.jsonl
              t2 compare base.jsonl math.jsonl --json
            """)

    @Argument(help: ArgumentHelp("Records of the first system.", valueName: "first"))
    var firstPath: String

    @Argument(help: ArgumentHelp("Records of the second system.", valueName: "second"))
    var secondPath: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let comparison = try PairedComparison(
            (firstPath, try EvaluationRecord.read(path: firstPath)),
            (secondPath, try EvaluationRecord.read(path: secondPath)))
        let result = ComparisonResult(comparison, first: firstPath, second: secondPath)
        try StandardOutput.write(json ? JSONText.line(result) : result.text)
    }
}

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
            ("first", line(first)), ("second", line(second)),
            ("difference", "\(Self.points(difference)) points; 95 % interval \(ends[0]) to \(ends[1])"),
            ("McNemar", "p \(p_value < 0.0001 ? "< 0.0001" : String(format: "= %.4f", p_value)), exact, two-sided"),
        ]
        if excluded > 0 {
            rows.append(("EXCLUDED", "\(excluded) problems: the reward of one system or of both is missing"))
        }
        return PlainText.table(rows) + "\n"
            + PlainText.columns(
                ["", "second right", "second wrong"],
                [
                    ["first right", "\(both_right)", "\(only_first)"],
                    ["first wrong", "\(only_second)", "\(both_wrong)"],
                ],
                textColumns: 1)
    }

    private func line(_ system: System) -> String {
        let ends = system.interval_95.map(PlainText.percent).joined(separator: " to ")
        return "\(PlainText.percent(system.accuracy)) %, \(system.correct) of \(n); 95 % interval \(ends) %; "
            + system.records
    }

    private static func points(_ share: Double) -> String { String(format: "%+.1f", 100 * share) }
}
