import T2Core
import T2Formats

/// The format in which a family of chat models reads a prompt: one user turn without a system prompt, then the header
/// of the answer.
///
/// A Hugging Face folder holds this format as a Jinja program. t2 does not run that program: it recognises the families
/// that it supports by the special tokens in the program, and writes their format itself.
package struct ChatTemplate: Sendable, Equatable {
    package enum Family: String, Sendable, CaseIterable {
        /// Llama 3 Instruct.
        case llama3 = "llama-3"
        /// Qwen, SmolLM and many others.
        case chatML = "chatml"

        /// The special tokens that open a turn, close its header (where the family has such a token) and end the turn.
        fileprivate var markers: [String] {
            switch self {
            case .llama3: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
            case .chatML: ["<|im_start|>", "<|im_end|>"]
            }
        }
    }

    /// A part of a prompt: a special token, or text in which special tokens count as ordinary characters.
    enum Part: Equatable {
        case token(Int32)
        case text(String)
    }

    package let family: Family
    private let markers: [Int32]

    /// The token that ends a turn, and so the model's answer.
    package var endOfTurn: Int32 { markers[markers.count - 1] }

    /// The chat template of a model folder, or nil if the folder has none.
    ///
    /// - Parameter identifier: returns the identifier of a special token, or nil if the tokenizer has no such token.
    /// - Throws: `InputError` if the template belongs to no supported family, if the tokenizer lacks one of the
    ///   family's tokens, or if a file cannot be read.
    init?(folder: String, identifier: (String) -> Int32?) throws(InputError) {
        guard let jinja = try BaseModelFolder.chatTemplate(folder) else { return nil }
        guard let family = Family.allCases.first(where: { jinja.contains($0.markers[0]) }) else {
            throw InputError(
                folder,
                "its chat template belongs to none of the families that t2 supports: "
                    + Family.allCases.map(\.rawValue).joined(separator: ", "),
                remedy:
                    "To use the model for plain text completion, remove chat_template from tokenizer_config.json in a copy of the "
                    + "folder.")
        }
        self.family = family
        markers = family.markers.compactMap(identifier)
        if let name = family.markers.first(where: { identifier($0) == nil }) {
            throw InputError(
                folder, "its chat template writes '\(name)', which is not a special token in its tokenizer.json",
                remedy: "Use the tokenizer.json and tokenizer_config.json of the same model.")
        }
    }

    /// The text without white space at its ends, as Jinja's `trim` removes it: with Python's definition of white space.
    private static func trim(_ text: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
        }
        let rest = text.unicodeScalars.drop(while: isSpace)
        return rest.lastIndex { !isSpace($0) }.map { String(rest[...$0]) } ?? ""
    }

    /// The user's turn and the header of the answer.
    func parts(user content: String) -> [Part] {
        switch family {
        case .llama3:
            let (start, end) = (Part.token(markers[0]), Part.token(markers[1]))
            return [
                start, .text("user"), end, .text("\n\n" + Self.trim(content)), .token(endOfTurn), start,
                .text("assistant"), end, .text("\n\n"),
            ]
        case .chatML:
            let start = Part.token(markers[0])
            return [start, .text("user\n" + content), .token(endOfTurn), .text("\n"), start, .text("assistant\n")]
        }
    }
}
