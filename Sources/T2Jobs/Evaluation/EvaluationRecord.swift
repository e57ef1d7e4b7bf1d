import T2Core

/// The answer to one problem of an evaluation, how it was dispatched, and how it was judged: one line of JSON.
///
///     {"completion":"…","finished":true,"id":"…","outcome":"right","prompt":"…","tokens":21,"topic":"…"}
///
/// A record with a missing reward has the reason under `missing` and no `outcome`.
package struct EvaluationRecord: Sendable, Equatable {
    package let id: String
    package let topic: String
    package let prompt: String
    package let completion: String
    /// The number of sampled tokens, including the end-of-sequence token.
    package let tokens: Int
    /// False if the token limit cut the completion off.
    package let finished: Bool
    package let reward: Reward
    /// The decision of the first pass; nil without one.
    package let dispatch: Dispatch?

    package init(_ problem: Problem, _ completion: Completion, dispatch: Dispatch? = nil) {
        id = problem.id
        topic = problem.topic
        prompt = problem.prompt
        self.completion = completion.text
        tokens = completion.tokens.count
        finished = completion.finishReason == .stop
        reward = completion.reward
        self.dispatch = dispatch
    }
}

extension EvaluationRecord: Codable {
    private enum CodingKeys: CodingKey {
        case id, topic, prompt, completion, tokens, finished, outcome, missing, dispatch
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func flaw(_ key: CodingKeys, _ problem: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: values, debugDescription: problem)
        }
        id = try values.decode(String.self, forKey: .id)
        if id.isEmpty { throw flaw(.id, "it is empty, expected a unique name") }
        topic = try values.decode(String.self, forKey: .topic)
        prompt = try values.decode(String.self, forKey: .prompt)
        completion = try values.decode(String.self, forKey: .completion)
        tokens = try values.decode(Int.self, forKey: .tokens)
        if tokens < 0 { throw flaw(.tokens, "it is \(tokens), expected 0 or more") }
        finished = try values.decode(Bool.self, forKey: .finished)
        dispatch = try values.decodeIfPresent(Dispatch.self, forKey: .dispatch)
        let outcome = try values.decodeIfPresent(String.self, forKey: .outcome)
        let missing = try values.decodeIfPresent(String.self, forKey: .missing)
        switch (outcome, missing) {
        case (let name?, nil):
            guard let outcome = Outcome(rawValue: name) else {
                let names = Outcome.allCases.map(\.rawValue).joined(separator: ", ")
                throw flaw(.outcome, "it is '\(name.prefix(80))', expected one of \(names)")
            }
            reward = .judged(outcome)
        case (nil, let reason?): reward = .missing(reason: reason)
        case (nil, nil): throw flaw(.outcome, "it is absent, and so is 'missing'; expected one of the two")
        case (_?, _?): throw flaw(.outcome, "it is present, and so is 'missing'; expected one of the two")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(topic, forKey: .topic)
        try values.encode(prompt, forKey: .prompt)
        try values.encode(completion, forKey: .completion)
        try values.encode(tokens, forKey: .tokens)
        try values.encode(finished, forKey: .finished)
        switch reward {
        case .judged(let outcome): try values.encode(outcome.rawValue, forKey: .outcome)
        case .missing(let reason): try values.encode(reason, forKey: .missing)
        case .unjudged: preconditionFailure("an evaluation judges its answers")
        }
        try values.encodeIfPresent(dispatch, forKey: .dispatch)
    }
}
