import ArgumentParser
import T2CommandLine
import T2Engine
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
