import Foundation
import T2Core
import T2Report

/// An object of a report's JSON.
typealias JSON = [String: any Sendable]

extension ReportDocument {
    /// Reads the content of report.json.
    init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(ReportDocument.self, from: json)
    }

    /// A report with these sections, as they are in report.json.
    init(title: String, _ sections: JSON) {
        let empty: JSON = [
            "format": "t2-report-1", "title": title, "summary": [String](), "models": [String](), "facts": [String](),
        ]
        let content = empty.merging(sections) { $1 }
        self = try! ReportDocument(json: JSONSerialization.data(withJSONObject: content))
    }
}

/// The parts of a report's JSON.
extension SampleReport {
    static func table(_ tasks: [String], _ systems: [JSON], comparisons: [JSON] = [], notes: [String] = []) -> JSON {
        ["tasks": tasks, "systems": systems, "comparisons": comparisons, "notes": notes]
    }

    /// A row of a table, with the costs that it has.
    static func system(_ name: String, _ cells: JSON, _ costs: JSON = [:]) -> JSON {
        costs.merging(["name": name, "cells": cells]) { $1 }
    }

    static func cells(_ tasks: [String], _ correct: [Int], of count: Int = 600, notes: [String]? = nil) -> JSON {
        let cells = correct.indices.map { index -> JSON in
            let note: JSON = notes.map { ["note": $0[index]] } ?? [:]
            return note.merging(["accuracy": accuracy(correct[index], of: count)]) { $1 }
        }
        return Dictionary(uniqueKeysWithValues: zip(tasks, cells))
    }

    static func accuracy(_ correct: Int, of count: Int) -> JSON {
        let value = AccuracyInterval(correct: correct, count: count)
        return [
            "correct": correct, "count": count, "accuracy": value.accuracy, "lower": value.lower, "upper": value.upper,
        ]
    }

    /// - Parameter counts: both right, only the first, only the second, both wrong, excluded.
    static func comparison(_ task: String, _ system: String, against: String, _ counts: [Int]) -> JSON {
        let names = ["both_right", "only_first", "only_second", "both_wrong", "excluded"]
        let result: JSON = Dictionary(uniqueKeysWithValues: zip(names, counts))
        return ["task": task, "system": system, "against": against, "result": result]
    }

    static func curves(_ curves: [JSON]) -> JSON { ["curves": curves, "notes": [String]()] }

    static func curve(
        _ task: String, _ system: String, _ evaluations: [(step: Int, correct: Int, count: Int)],
        _ rewards: [(step: Int, reward: Double)]
    ) -> JSON {
        [
            "task": task, "system": system,
            "evaluations": evaluations.map {
                ["step": $0.step, "accuracy": accuracy($0.correct, of: $0.count)] as JSON
            }, "rewards": rewards.map { ["step": $0.step, "reward": $0.reward] as JSON },
        ]
    }
}
