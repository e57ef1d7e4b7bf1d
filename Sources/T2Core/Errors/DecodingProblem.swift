import Foundation

/// A decoding error as one phrase with the key at which it occurred.
///
/// - Parameter content: the decoded text, if it was JSON. Foundation also reports a number that does not fit its key as
///   invalid JSON; the content distinguishes the two.
package func decodingProblem(_ error: any Error, in content: Data? = nil) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .keyNotFound(let key, let context):
        return (context.codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".") + " is missing"
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
        if case .dataCorrupted = error, context.codingPath.isEmpty, let content, isWellFormed(content) {
            return "it holds a number that is out of range, not whole where it must be, or malformed"
        }
        let location = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        let text = context.debugDescription
        let problem = text.hasSuffix(".") ? String(text.dropLast()) : text
        return location.isEmpty ? problem : "\(location): \(problem)"
    @unknown default: return "\(error)"
    }
}

/// Whether the text is JSON, regardless of the values of its numbers.
private func isWellFormed(_ content: Data) -> Bool {
    struct Anything: Decodable { init(from decoder: any Decoder) {} }
    return (try? JSONDecoder().decode(Anything.self, from: content, depth: 500)) != nil
}
