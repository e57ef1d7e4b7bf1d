import Foundation
import T2Core
import T2Jinja

/// A conversation with everything else that a chat template reads, as a JSON object describes it:
/// `{"messages": […], "add_generation_prompt": true, "date": "2024-07-26"}`. Further keys become variables of the template.
///
/// The keys of all objects keep their order, since templates may list them.
package struct Conversation: Sendable {
    let messages: [TemplateValue]
    let addsGenerationPrompt: Bool
    /// The day that the template's clock shows; nil for today.
    let date: CalendarDate?
    let variables: [String: TemplateValue]

    /// The part of a JSON object that no conversation has.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private static let deepest = 50

    /// - Throws: `Failure`, or `DecodingError` for text that is not JSON.
    package init(json: Data) throws {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        _ = try JSONDecoder().decode(Anything.self, from: json, depth: Self.deepest)
        let found = try json.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            do { return try Self.value(&scanner, of: bytes) } catch let failure as JSONScanner.Failure {
                throw Failure(description: "expected \(failure.expected) at byte \(failure.position + 1)")
            }
        }
        guard case .dictionary(let object) = found else { throw Failure(description: "it is not an object") }
        var variables: [String: TemplateValue] = [:]
        for (key, value) in object.pairs {
            if case .text(let name) = key { variables[name.string] = value }
        }
        guard case .list(let messages) = variables.removeValue(forKey: "messages"), !messages.isEmpty else {
            throw Failure(description: "messages is not a list of messages")
        }
        self.messages = try messages.enumerated().map { index, message in
            guard case .dictionary(let pairs) = message else {
                throw Failure(description: "messages[\(index)] is not an object")
            }
            return .dictionary(Self.message(pairs))
        }
        switch variables.removeValue(forKey: "add_generation_prompt") {
        case nil: addsGenerationPrompt = false
        case .bool(let value): addsGenerationPrompt = value
        default: throw Failure(description: "add_generation_prompt is neither true nor false")
        }
        switch variables.removeValue(forKey: "date") {
        case nil: date = nil
        case .text(let text):
            date = CalendarDate(text.string)
            if date == nil { throw Failure(description: "date is '\(text.string)', expected one such as 2024-07-26") }
        default: throw Failure(description: "date is no text")
        }
        self.variables = variables
    }

    /// A message as transformers passes it to a template: without keys whose value is null, with what the model thought under each
    /// of the names that templates read, and with a role that may be a part of a special token.
    private static func message(_ pairs: TemplateDictionary) -> TemplateDictionary {
        var message = TemplateDictionary()
        func isNone(_ value: TemplateValue) -> Bool { if case .none = value { true } else { false } }
        let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { pairs[$0] }
            .first { !isNone($0) }
        if let reasoning { message["thinking"] = reasoning }
        for (key, value) in pairs.pairs where !isNone(value) {
            guard case .text(let name) = key else { continue }
            message[name.string] = value
        }
        if let reasoning { message["reasoning_content"] = reasoning }
        if case .text(let role) = message["role"], role.string.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) {
            message["role"] = .text(role.string)
        }
        return message
    }

    /// Reads a value. Its texts are content, in which special tokens are ordinary characters.
    private static func value(_ scanner: inout JSONScanner, of bytes: UnsafeRawBufferPointer) throws -> TemplateValue {
        switch scanner.next() {
        case UInt8(ascii: "\""):
            return .text(String(decoding: try scanner.string(), as: UTF8.self), isContent: true)
        case UInt8(ascii: "["):
            var items: [TemplateValue] = []
            try scanner.elements { items.append(try value(&$0, of: bytes)) }
            return .list(items)
        case UInt8(ascii: "{"):
            var object = TemplateDictionary()
            try scanner.members { key, scanner in
                guard object.pairs.count < 1000 else { throw Failure(description: "an object has more than 1000 keys") }
                object[String(decoding: key, as: UTF8.self)] = try value(&scanner, of: bytes)
            }
            return .dictionary(object)
        default:
            let word = String(decoding: bytes[try scanner.skipValue()], as: UTF8.self)
            switch word {
            case "null": return TemplateValue.none
            case "true": return .bool(true)
            case "false": return .bool(false)
            default:
                if let whole = Int(word) { return .integer(whole) }
                guard word.contains(where: { ".eE".contains($0) }), let number = Double(word), number.isFinite else {
                    throw Failure(description: "the number \(printable(word)) is out of range")
                }
                return .number(number)
            }
        }
    }
}

extension Tokenizer {
    /// The text that the chat template writes for a conversation, and its tokens.
    ///
    /// - Throws: `ChatTemplateError`, also for a model without a template.
    package func render(_ conversation: Conversation) throws(ChatTemplateError) -> (text: String, ids: [Int32]) {
        guard let chatTemplate else {
            throw ChatTemplateError(
                parentFolder(of: path), "it has no chat template, which a conversation needs",
                remedy: "Give the folder of a chat model, or tokenize plain text without --chat.")
        }
        let text = try chatTemplate.render(
            conversation.messages, addsGenerationPrompt: conversation.addsGenerationPrompt,
            date: conversation.date ?? .today, variables: conversation.variables)
        return (text.string, encode(text.parts))
    }
}
