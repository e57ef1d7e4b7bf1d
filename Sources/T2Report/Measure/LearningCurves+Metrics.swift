import Foundation
import T2Core
import T2Formats

extension LearningCurves.Curve {
    /// A line of a run's `metrics.jsonl`.
    private struct Line: Decodable {
        let kind: String
        let step: Int
        let rewardMean: Double?
        let correct: Int?
        let problems: Int?

        private enum CodingKeys: String, CodingKey {
            case kind, step, correct, problems
            case rewardMean = "reward_mean"
        }
    }

    /// The learning curve in a run's `metrics.jsonl`.
    ///
    /// - Throws: `SystemError` if the file cannot be read; `InputError` that names a malformed line.
    init(task: String, system: String, metrics path: String) throws {
        self.init(task: task, system: system)
        let content = try MappedFile(path: path).data
        let lines = try content.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            do {
                return try JSONDecoder().decode(Line.self, from: line)
            } catch {
                throw InputError(
                    "\(path):\(index + 1)",
                    "expected a line of a run's metrics.jsonl: \(decodingProblem(error, in: line))",
                    remedy: "Copy the file from the run folder again.")
            }
        }
        for line in lines.sorted(by: { $0.step < $1.step }) {
            if let reward = line.rewardMean { rewards.append(.init(step: line.step, reward: reward)) }
            if let correct = line.correct, let problems = line.problems {
                evaluations.append(
                    .init(step: line.step, accuracy: AccuracyInterval(correct: correct, count: problems)))
            }
        }
    }
}
