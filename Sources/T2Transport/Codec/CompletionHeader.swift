import T2Core

/// A completion in the header of a RESULT or an ERROR. The payload holds `prompts` and `tokens` (i32) and `log-probabilities`
/// (f32), each concatenated over all completions.
struct CompletionHeader: Codable {
    let problem: String
    let problemIndex: Int
    let sample: Int
    let policy: Int
    /// The number of prompt tokens; absent if the prompt equals that of the preceding completion.
    let promptCount: Int?
    let tokenCount: Int
    let text: String
    let finishReason: FinishReason
    /// At most one of `outcome` and `missing` is present; both are absent if the completion was not judged.
    let outcome: Outcome?
    let missing: String?
    let grounds: String?
    let advantage: Float

    init(_ completion: Completion, sharesPrompt: Bool) {
        problem = completion.problem
        problemIndex = completion.problemIndex
        sample = completion.sample
        policy = completion.policy
        promptCount = sharesPrompt ? nil : completion.prompt.count
        tokenCount = completion.tokens.count
        text = completion.text
        finishReason = completion.finishReason
        outcome = if case .judged(let outcome) = completion.reward { outcome } else { nil }
        missing = completion.reward.missingReason
        grounds = completion.grounds
        advantage = completion.advantage
    }
}

extension TensorParts {
    /// The number of parts that hold the completions.
    static let completionParts = 3

    /// Appends the tensors of the completions, and returns the entries of the header.
    mutating func append(_ completions: [Completion]) throws(ProtocolError) -> [CompletionHeader] {
        var headers: [CompletionHeader] = []
        var prompts: [Int32] = []
        for (index, completion) in completions.enumerated() {
            guard completion.tokens.count == completion.logProbabilities.count else {
                throw .wrongPayload(
                    kind: kind, part: "log-probabilities", expected: "shape [\(completion.tokens.count)]",
                    found: "[\(completion.logProbabilities.count)]")
            }
            let isShared = index > 0 && completions[index - 1].prompt == completion.prompt
            headers.append(CompletionHeader(completion, sharesPrompt: isShared))
            if !isShared { prompts += completion.prompt }
        }
        append("prompts", prompts)
        append("tokens", completions.flatMap(\.tokens))
        append("log-probabilities", completions.flatMap(\.logProbabilities))
        return headers
    }

    /// Decodes the completions from the first three parts and checks their counts against the header.
    func completions(_ headers: [CompletionHeader], _ limits: MessageLimits) throws(ProtocolError) -> [Completion] {
        try ProtocolError.require(headers.count, atMost: limits.completions, "completions", kind: kind)
        let promptTotal = try total("promptCount", headers.map { $0.promptCount ?? 0 }, limits)
        let tokenTotal = try total("tokenCount", headers.map(\.tokenCount), limits)
        let prompts: [Int32] = try values(0, name: "prompts", count: promptTotal)
        let tokens: [Int32] = try values(1, name: "tokens", count: tokenTotal)
        let logProbabilities: [Float] = try values(2, name: "log-probabilities", count: tokenTotal)
        var completions: [Completion] = []
        var (promptStart, tokenStart) = (0, 0)
        for (index, header) in headers.enumerated() {
            guard header.outcome == nil || header.missing == nil else {
                throw .malformedHeader(
                    kind: kind, problem: "completions.\(index): expected 'outcome' or 'missing', found both")
            }
            let range = tokenStart..<tokenStart + header.tokenCount
            tokenStart = range.upperBound
            var prompt = completions.last?.prompt ?? []
            if let count = header.promptCount {
                prompt = Array(prompts[promptStart..<promptStart + count])
                promptStart += count
            }
            var completion = Completion(
                prompt: prompt, tokens: Array(tokens[range]), logProbabilities: Array(logProbabilities[range]),
                finishReason: header.finishReason)
            completion.problem = header.problem
            completion.problemIndex = header.problemIndex
            completion.sample = header.sample
            completion.policy = header.policy
            completion.text = header.text
            completion.reward =
                header.outcome.map { .judged($0) } ?? header.missing.map { .missing(reason: $0) } ?? .unjudged
            completion.grounds = header.grounds
            completion.advantage = header.advantage
            completions.append(completion)
        }
        return completions
    }

    private func total(_ field: String, _ counts: [Int], _ limits: MessageLimits) throws(ProtocolError) -> Int {
        try ProtocolError.total(counts, atMost: limits.tokens, "tokens", kind: kind) { index in
            "completions.\(index).\(field) is \(counts[index])"
        }
    }
}
