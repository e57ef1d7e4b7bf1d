import T2Core

/// The numbers of right and other completions. A missing reward never counts as wrong: it is excluded from every accuracy and
/// reported.
package struct EvaluationSummary: Sendable, Equatable {
    package struct Count: Sendable, Equatable {
        package private(set) var judged = 0
        package private(set) var right = 0

        /// The share of right answers; nil before the first judgement.
        package var accuracy: Double? { judged == 0 ? nil : Double(right) / Double(judged) }
        package var interval: AccuracyInterval? { judged == 0 ? nil : AccuracyInterval(correct: right, count: judged) }

        fileprivate mutating func add(_ outcome: Outcome) {
            judged += 1
            if outcome == .right { right += 1 }
        }
    }

    /// The number of problems to evaluate.
    package let planned: Int
    package private(set) var total = Count()
    package private(set) var outcomes: [Outcome: Int] = [:]
    /// The number of rewards that could not be computed, by reason.
    package private(set) var missing: [String: Int] = [:]
    package private(set) var topics: [String: Count] = [:]
    /// The number of problems in each category; empty without a first pass.
    package private(set) var categories: [String: Int] = [:]
    package private(set) var cutOff = 0
    package private(set) var tokenCount = 0

    package var missingCount: Int { missing.values.reduce(0, +) }
    /// Whether the evaluation was stopped before its end.
    package var isPartial: Bool { total.judged + missingCount < planned }

    package init(_ records: [EvaluationRecord], planned: Int) {
        self.planned = planned
        for record in records {
            tokenCount += record.tokens
            if !record.finished { cutOff += 1 }
            if let dispatch = record.dispatch { categories[dispatch.category, default: 0] += 1 }
            switch record.reward {
            case .missing(let reason): missing[reason, default: 0] += 1
            case .unjudged: break
            case .judged(let outcome):
                outcomes[outcome, default: 0] += 1
                total.add(outcome)
                topics[record.topic, default: Count()].add(outcome)
            }
        }
    }
}
