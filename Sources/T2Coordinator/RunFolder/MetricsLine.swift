import Foundation
import T2Jobs

/// A line of `metrics.jsonl`: an object with the metrics and their kind, whose keys are in snake case.
enum MetricsLine: Encodable {
    case step(StepMetrics)
    case evaluation(EvaluationMetrics)

    private enum CodingKeys: String, CodingKey {
        case kind
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .step(let metrics):
            try container.encode("step", forKey: .kind)
            try metrics.encode(to: encoder)
        case .evaluation(let metrics):
            try container.encode("evaluation", forKey: .kind)
            try metrics.encode(to: encoder)
        }
    }

    /// The line without a line break.
    func text() throws -> String {
        let encoder = JSONEncoder.sorted()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
