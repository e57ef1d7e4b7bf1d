import T2Core
import T2Jobs
import T2Tasks

/// What `t2 eval` prints.
package struct EvaluationResult: Encodable {
    package enum Engine: Sendable {
        case lanes(Int)
        case workers(Int)
    }

    package struct Topic: Encodable {
        let n: Int
        let correct: Int
    }

    let task: String
    let task_version: Int
    let split: String
    let model_digest: String
    /// The name of the strategy, or the expert file.
    let strategy: String
    /// α of each expert, found by few-shot.
    let coefficients: [String: [Double]]?
    /// The number of problems that the first pass put into each category.
    let categories: [String: Int]?
    /// The number of judged problems; a problem whose reward is missing does not count.
    let n: Int
    let correct: Int
    let accuracy: Double?
    /// Lower and upper end of Wilson's interval.
    let interval_95: [Double]?
    let outcomes: [String: Int]
    let missing: [String: Int]
    let partial: Bool
    let planned: Int
    let cut_off: Int
    let topics: [String: Topic]
    let tokens: Int
    let seconds: Double
    let tokens_per_second: Double
    let lanes: Int?
    let workers: Int?

    package init(
        _ report: EvaluationSummary, task: TrainingTask, split: Split, model: Digest, strategy: Strategy,
        coefficients: [String: [Double]]?, engine: Engine, seconds: Double
    ) {
        self.task = task.name
        task_version = task.version
        self.split = split.rawValue
        model_digest = model.hexadecimal
        self.strategy = strategy.name
        self.coefficients = coefficients
        categories = report.categories.isEmpty ? nil : report.categories
        n = report.total.judged
        correct = report.total.right
        accuracy = report.total.accuracy
        interval_95 = report.total.interval.map { [$0.lower, $0.upper] }
        outcomes = Dictionary(uniqueKeysWithValues: Outcome.allCases.map { ($0.rawValue, report.outcomes[$0] ?? 0) })
        missing = report.missing
        partial = report.isPartial
        planned = report.planned
        cut_off = report.cutOff
        topics = report.topics.mapValues { Topic(n: $0.judged, correct: $0.right) }
        tokens = report.tokenCount
        self.seconds = seconds
        tokens_per_second = Double(report.tokenCount) / seconds
        (lanes, workers) =
            switch engine {
            case .lanes(let count): (count, nil)
            case .workers(let count): (nil, count)
            }
    }

    package var text: String {
        let counts = Outcome.allCases.map { "\($0.rawValue) \(outcomes[$0.rawValue] ?? 0)" }
        var rows: [(name: String, value: String)] = [
            ("task", "\(task), \(split) split" + (partial ? "; PARTIAL: \(n) of \(planned) problems" : "")),
            ("model", "\(model_digest.prefix(12)), \(strategy == Strategy.none.name ? "no expert" : strategy)"),
            ("accuracy", accuracyText), ("outcomes", counts.joined(separator: ", ")),
        ]
        if let categories {
            let counts = categories.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            rows.append(("first pass", counts.joined(separator: ", ")))
        }
        if let coefficients { rows.append(("mixture", PlainText.coefficients(coefficients))) }
        if cut_off > 0 { rows.append(("cut off", "\(cut_off) answers reached --max-tokens")) }
        for (reason, count) in missing.sorted(by: { $0.key < $1.key }) {
            rows.append(("MISSING", "\(count): \(reason)"))
        }
        let byTopic = topics.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.correct)/\($0.value.n)" }
        rows.append(("topics", byTopic.joined(separator: ", ")))
        let engine = [(lanes, "lane"), (workers, "worker")].compactMap { count, noun in
            count.map { "\($0) \(noun)" + ($0 == 1 ? "" : "s") }
        }
        let rate = "\(PlainText.count(Int(tokens_per_second))) tokens/s"
        rows.append(("time", ([Duration.seconds(seconds).text, rate] + engine).joined(separator: ", ")))
        return PlainText.table(rows)
    }

    private var accuracyText: String {
        guard let accuracy, let interval = interval_95 else { return "none: nothing was judged" }
        let ends = interval.map(PlainText.percent).joined(separator: " to ")
        return "\(PlainText.percent(accuracy)) %, \(correct) of \(n); 95 % interval \(ends) %"
    }
}
