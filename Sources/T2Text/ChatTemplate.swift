import T2Core
import T2Formats

/// How a family of chat models is told what the user says and that it is to answer: one user turn, no system prompt.
///
/// Hugging Face writes this down as a Jinja program; here the families that t2 knows are told apart by the markers that the
/// program writes, and written by these lines.
package struct ChatTemplate: Sendable, Equatable {
    package enum Family: String, Sendable, CaseIterable {
        /// Llama 3 Instruct.
        case llama3 = "llama-3"
        /// Qwen, SmolLM and many others.
        case chatML = "chatml"

        /// The special tokens that open a turn, close its header (if it has an end of its own) and end the turn.
        fileprivate var markers: [String] {
            switch self {
            case .llama3: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
            case .chatML: ["<|im_start|>", "<|im_end|>"]
            }
        }
    }

    /// A special token, or text whose special tokens are mere characters.
    enum Part: Equatable {
        case token(Int32)
        case text(String)
    }

    package let family: Family
    private let markers: [Int32]

    /// Ends the model's answer.
    package var endOfTurn: Int32 { markers[markers.count - 1] }

    /// Nil if the folder has no chat template.
    ///
    /// - Parameter identifier: of a special token.
    /// - Throws: `InputError` if the program is of no known family, the tokenizer lacks one of the family's tokens, or a file
    ///   cannot be read.
    init?(folder place: String, identifier: (String) -> Int32?) throws(InputError) {
        guard let jinja = try BaseModelFolder.chatTemplate(place) else { return nil }
        guard let family = Family.allCases.first(where: { jinja.contains($0.markers[0]) }) else {
            throw InputError(
                place,
                "its chat template is of no family that t2 knows: \(Family.allCases.map(\.rawValue).joined(separator: ", "))",
                remedy:
                    "Take chat_template out of a copy's tokenizer_config.json to prompt it as a model that completes text."
            )
        }
        self.family = family
        markers = family.markers.compactMap(identifier)
        if let name = family.markers.first(where: { identifier($0) == nil }) {
            throw InputError(
                place, "its chat template writes '\(name)', which is no special token of its tokenizer.json",
                remedy: "Use the tokenizer.json and tokenizer_config.json of the same model.")
        }
    }

    /// Without white space at the ends: what Jinja's `trim` takes for it, which is Python's.
    private static func trim(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
        }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
        else { return text[text.endIndex...] }
        return text[first...last]
    }

    /// A user's turn and the beginning of the answer.
    func parts(user content: String) -> [Part] {
        switch family {
        case .llama3:
            let trimmed = String(String.UnicodeScalarView(Self.trim(content.unicodeScalars[...])))
            let (start, end) = (Part.token(markers[0]), Part.token(markers[1]))
            return [
                start, .text("user"), end, .text("\n\n" + trimmed), .token(endOfTurn), start, .text("assistant"), end,
                .text("\n\n"),
            ]
        case .chatML:
            let start = Part.token(markers[0])
            return [start, .text("user\n" + content), .token(endOfTurn), .text("\n"), start, .text("assistant\n")]
        }
    }
}
