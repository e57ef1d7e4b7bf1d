import Foundation
import T2Core
import T2Text
import Testing

/// The content of small `tokenizer.json` files.
enum TokenizerText {
    /// The tokenizer of a file with this content.
    static func tokenizer(_ content: String) throws -> Tokenizer {
        // A folder of its own, since files beside a tokenizer declare tokens too.
        let folder = NSTemporaryDirectory() + "tokenizer-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/tokenizer.json"
        try Data(content.utf8).write(to: URL(filePath: path))
        return try Tokenizer(path: path)
    }

    /// The error for a file with this content, or nil if the file is accepted.
    static func refusal(of content: String) throws -> InputError? {
        do {
            _ = try tokenizer(content)
            return nil
        } catch let error as InputError {
            #expect(error.description.hasPrefix(NSTemporaryDirectory() + "tokenizer-"))
            return error
        }
    }

    static func file(
        model: String? = nil, vocabulary: String = #"{"a": 0}"#, merges: String = "[]", added: String = "[]",
        normalizer: String = "null", preTokenizer: String = #"{"type": "ByteLevel"}"#, postProcessor: String = "null",
        decoder: String = #"{"type": "ByteLevel"}"#
    ) -> String {
        let model = model ?? #"{"type": "BPE", "vocab": \#(vocabulary), "merges": \#(merges)}"#
        return #"{"added_tokens": \#(added), "normalizer": \#(normalizer), "pre_tokenizer": \#(preTokenizer), "#
            + #""post_processor": \#(postProcessor), "decoder": \#(decoder), "model": \#(model)}"#
    }

    /// A file in which ▁ is a space, if the normalizer or the pre-tokenizer says so.
    static func marked(
        normalizer: String = "null", preTokenizer: String = "null", decoder: String = decoders(#"{"type": "Fuse"}"#)
    ) -> String {
        file(normalizer: normalizer, preTokenizer: preTokenizer, decoder: decoder)
    }

    static let replace = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#

    static func decoders(_ rest: String) -> String {
        #"{"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, \#(rest)]}"#
    }

    static func sequence(_ first: String) -> String {
        #"{"type": "Sequence", "pretokenizers": [\#(first), {"type": "ByteLevel"}]}"#
    }

    static func splitting(_ expression: String, behavior: String) -> String {
        #"{"type": "Split", "pattern": {"Regex": "\#(expression)"}, "behavior": "\#(behavior)", "invert": false}"#
    }
}
