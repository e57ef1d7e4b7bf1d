/// A text with `{field}` for each field of a record; `{{` and `}}` stand for braces.
struct PromptTemplate: Sendable, Equatable {
    private enum Piece: Sendable, Equatable {
        case text(String)
        case field(String)
    }

    private let pieces: [Piece]

    /// - Throws: `RecordFlaw` for a brace without its counterpart.
    init(_ template: String) throws(RecordFlaw) {
        var pieces: [Piece] = []
        var text = ""
        var rest = template[...]
        while let character = rest.popFirst() {
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                rest.removeFirst()
                text.append(character)
            case "{":
                guard let end = rest.firstIndex(of: "}"), end > rest.startIndex, !rest[..<end].contains("{") else {
                    throw RecordFlaw("a { opens no {field}; write {{ for the brace itself")
                }
                pieces += [.text(text), .field(String(rest[..<end]))]
                text = ""
                rest = rest[rest.index(after: end)...]
            case "}": throw RecordFlaw("a } closes no {field}; write }} for the brace itself")
            default: text.append(character)
            }
        }
        self.pieces = pieces + [.text(text)]
    }

    /// - Throws: `RecordFlaw` if the record does not have a field.
    func filled(_ record: RecordFields) throws -> String {
        try pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .field(let name): try record.text(name)
            }
        }.joined()
    }
}
