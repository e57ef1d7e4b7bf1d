import Foundation
import T2Core
import T2Learning

extension FewShotSearch.Iteration {
    /// `iteration  3/50  best 8 right, log-likelihood -3.214  rollouts 960`
    func line(of iterations: Int) -> String {
        let total = String(iterations)
        let number = String(iteration)
        let likelihood = best.logLikelihood.map { String(format: ", log-likelihood %.3f", $0) } ?? ""
        return "iteration \(String(repeating: " ", count: max(0, total.count - number.count)))\(number)/\(total)"
            + "  best \(best.right) right\(likelihood)  rollouts \(rollouts)"
    }
}

/// The result of a few-shot search, as JSON or as rows of a table.
package struct FewShotSummary: Encodable {
    private let task: String
    private let method: FewShotSearch.Method
    private let shots: [String]
    private let right: Int
    private let log_likelihood: Double?
    private let coefficients: [String: [Double]]
    private let iterations: Int
    private let rollouts: Int
    private let ended_early: String?
    private let seconds: Double
    private let output: String
    private let trace: String

    package init(_ result: FewShotResult, task: String, method: FewShotSearch.Method, seconds: Double, output: String) {
        self.task = task
        self.method = method
        self.seconds = seconds
        self.output = output
        shots = result.shots.map(\.id)
        right = result.solution.score.right
        log_likelihood = result.solution.score.logLikelihood
        coefficients = result.coefficientsByExpert
        iterations = result.solution.iterations.count
        rollouts = result.solution.iterations.last?.rollouts ?? 0
        ended_early = result.solution.endedEarly
        trace = Self.tracePath(output: output)
    }

    /// The path of the file that lists the iterations, one per line.
    package static func tracePath(output: String) -> String {
        URL(fileURLWithPath: output).deletingPathExtension().relativePath + ".trace.jsonl"
    }

    /// - Parameter experts: in the order of their rows.
    package func rows(_ experts: [String]) -> [(name: String, value: String)] {
        let early = ended_early.map { ", ended early: \($0)" } ?? ""
        let likelihood = log_likelihood.map { String(format: ", log-likelihood %.3f", $0) } ?? ""
        var rows: [(name: String, value: String)] = [
            ("task", "\(task), \(shots.count) shots of the train split"),
            ("method", "\(method.rawValue): \(iterations) iterations, \(PlainText.count(rollouts)) rollouts\(early)"),
            ("right", "\(right) of \(shots.count)\(likelihood)"),
        ]
        for expert in experts {
            let values = coefficients[expert] ?? []
            let spread = values.count > 1 ? String(format: " (%.3f to %.3f)", values.min() ?? 0, values.max() ?? 0) : ""
            rows.append((expert, PlainText.mean(values) + spread))
        }
        rows.append(("time", Duration.seconds(seconds).text))
        rows.append(("written", "\(output), \(trace)"))
        return rows
    }
}
