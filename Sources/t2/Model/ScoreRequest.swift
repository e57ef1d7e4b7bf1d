import T2Core
import T2Model
import T2Text

/// Checked tokens to be scored.
struct ScoreRequest: Sendable {
    let ids: [Int32]
    /// The line that it came from, for messages.
    let location: String

    /// nil if there are fewer than two tokens: the first one is not scored.
    var sequence: ScoredSequence? {
        ids.count < 2 ? nil : ScoredSequence(prompt: [ids[0]], completion: Array(ids.dropFirst()))
    }
}

/// Groups requests into batches of about a thousand tokens, without waiting for lines that are not written yet.
final class ScoreRequestReader {
    static let tokensPerBatch = 1024

    private struct Input: Decodable {
        let ids: [Int]?
        let text: String?
    }

    private let reader: LineReader
    private let tokenizer: Tokenizer
    private let check: TokenCheck
    /// A request that was read but did not fit into the last batch.
    private var held: ScoreRequest?

    init(_ reader: LineReader, _ tokenizer: Tokenizer, _ model: ModelConfiguration) {
        self.reader = reader
        self.tokenizer = tokenizer
        check = TokenCheck(model: model)
    }

    /// At most `count` batches; none at the end. A malformed line ends the last batch and is the failure, so that the lines
    /// before it are still answered.
    func next(_ count: Int) -> (batches: [[ScoreRequest]], failure: (any Error)?) {
        var batches: [[ScoreRequest]] = []
        var tokens = 0
        do {
            while held != nil || batches.isEmpty || reader.isReady, let request = try take() {
                if batches.isEmpty || tokens + request.ids.count > Self.tokensPerBatch {
                    guard batches.count < count else {
                        held = request
                        break
                    }
                    batches.append([])
                    tokens = 0
                }
                batches[batches.count - 1].append(request)
                tokens += request.ids.count
            }
        } catch {
            return (batches, error)
        }
        return (batches, nil)
    }

    private func take() throws -> ScoreRequest? {
        if let request = held.take() { return request }
        let form = #"{"ids": […]} or {"text": …}"#
        guard let line = try reader.next() else { return nil }
        let input = try line.decode(Input.self, form: form)
        let ids: [Int32]
        switch (input.ids, input.text) {
        case (let given?, nil): ids = try check.identifiers(given, location: line.location)
        case (nil, let text?):
            ids = tokenizer.encode(text)
            try tokenizer.checkEmbeddings(of: ids, location: line.location, in: check.model)
        default:
            throw InputError(line.location, "expected \(form), one of the two", remedy: "Give one JSON object a line.")
        }
        try check.length(ids.count, location: line.location)
        return ScoreRequest(ids: ids, location: line.location)
    }
}
