import ArgumentParser
import T2CommandLine
import T2Engine
import T2Core
import T2Jobs

/// Whether one system is better than another.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares two evaluations of the same problems: the difference, its 95 % interval, McNemar's test.",
        discussion: """
            Reads what `t2 eval --records FILE` wrote. The difference is the second's accuracy less the first's, in percentage \
            points, with Tango's score interval for paired proportions. p is McNemar's exact one, two-sided: how likely a \
            split of the separating problems at least this uneven is if neither system is better. Problems whose reward is \
            missing on either side are in no count but their own. The order of the problems does not matter; the problems do.

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
            .init(name: firstPath, records: try EvaluationRecord.read(path: firstPath)),
            .init(name: secondPath, records: try EvaluationRecord.read(path: secondPath)))
        let result = ComparisonResult(comparison, first: firstPath, second: secondPath)
        try StandardOutput.write(json ? JSONText.line(result) : result.text)
    }
}
