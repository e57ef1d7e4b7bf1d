import Foundation
import T2Core

/// The judgement of an external verifier.
package struct ExternalReply: Sendable, Equatable {
    package let reward: Reward
    /// The text that the program took for the answer.
    package let extracted: String?
    /// The program's explanation; the reason of a missing reward is in `reward`.
    package let reason: String?
}

extension ExternalReply {
    /// The problem of a line that is no judgement.
    struct Flaw: Error {
        let problem: String
        /// False if it is unknown which request the line answers, and so which ones later lines answer.
        var isInStep = true
    }

    /// Reads a line that the program printed in answer to the request with this id.
    init(line: Data, id: String) throws(Flaw) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: line, depth: 32)
        } catch {
            let problem = "printed '\(Self.shown(line))': \(decodingProblem(error, in: line))"
            let isObject = (try? JSONDecoder().decode([String: AnyValue].self, from: line, depth: 32)) != nil
            throw Flaw(problem: problem, isInStep: isObject)
        }
        if let answered = fields.id, answered != id {
            let problem = "answered '\(answered.prefix(80))' when asked about '\(id.prefix(80))'"
            throw Flaw(problem: problem, isInStep: false)
        }
        self.init(reward: try Self.reward(fields, line: line), extracted: fields.extracted, reason: fields.reason)
    }

    private static func reward(_ fields: Fields, line: Data) throws(Flaw) -> Reward {
        switch (fields.outcome, fields.score) {
        case (nil, let score?): return .judged(score > 0 ? .right : .wrong)
        case ("missing", nil): return .missing(reason: fields.reason ?? "no reason was given")
        case (let name?, nil):
            guard let outcome = Outcome(rawValue: name) else {
                throw Flaw(
                    problem: "printed the outcome '\(name.prefix(80))', expected right, wrong, no-answer or missing")
            }
            return .judged(outcome)
        case (nil, nil): throw Flaw(problem: "printed '\(shown(line))', expected an \"outcome\" or a \"score\"")
        case (_?, _?): throw Flaw(problem: "printed '\(shown(line))', expected an \"outcome\" or a \"score\", not both")
        }
    }

    private static func shown(_ line: Data) -> String { String(decoding: line.prefix(200), as: UTF8.self) }

    private struct Fields: Decodable {
        let id: String?
        let outcome: String?
        let score: Double?
        let extracted: String?
        let reason: String?
    }

    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }
}
