import T2Core

extension Message {
    /// The characters kept of a peer's reason or error message, and of one of its log lines.
    private static let (reasonLength, lineLength) = (4_000, 500)
    private static let logLines = 20

    /// The message with every text that may reach a log made printable and short.
    func withPrintableTexts() -> Message {
        switch self {
        case .hello(var body):
            body.fingerprint = Self.safe(body.fingerprint)
            body.taskVersions = body.taskVersions?.mapValues(Self.safe)
            return .hello(body)
        case .bye(var body):
            body.reason = Self.safe(body.reason)
            return .bye(body)
        case .welcome(var body):
            body.runs = body.runs.map { Self.safe($0) }
            return .welcome(body)
        case .reject(var body):
            body.reason = Self.safe(body.reason)
            body.remedy = Self.safe(body.remedy)
            return .reject(body)
        case .cancel(var body):
            body.reason = Self.safe(body.reason)
            return .cancel(body)
        case .acknowledgement(var body):
            body.reason = Self.safe(body.reason)
            return .acknowledgement(body)
        case .drain(let body): return .drain(Drain(reason: Self.safe(body.reason)))
        case .error(var body):
            body.message = Self.safe(body.message)
            body.logLines = body.logLines.suffix(Self.logLines).map { printable($0, limit: Self.lineLength) }
            body.completions = Self.safe(body.completions)
            return .error(body)
        case .result(var body):
            body.output.completions = Self.safe(body.output.completions)
            body.output.statistics.missing = Dictionary(
                body.output.statistics.missing.map { (printable($0, limit: Self.lineLength), $1) }, uniquingKeysWith: +)
            return .result(body)
        case .model(var body):
            body.path = Self.safe(body.path)
            return .model(body)
        case .chunk(var body):
            body.problem = body.problem.map { Self.safe($0) }
            return .chunk(body)
        case .credit, .getBlob, .getModel, .getChunk, .progress, .lease, .blob, .heartbeat: return self
        }
    }

    private static func safe(_ text: String) -> String { printable(text, limit: reasonLength) }

    private static func safe(_ completions: [Completion]) -> [Completion] {
        completions.map { completion in
            var completion = completion
            completion.grounds = completion.grounds.map { printable($0, limit: lineLength) }
            if let reason = completion.reward.missingReason {
                completion.reward = .missing(reason: printable(reason, limit: lineLength))
            }
            return completion
        }
    }
}
