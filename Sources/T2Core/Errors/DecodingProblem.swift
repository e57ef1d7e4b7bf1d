import Foundation

/// A decoding error as one phrase with the key it happened at.
///
/// - Parameter content: what was decoded, if it was JSON. Foundation calls it invalid also where a number does not fit its
///   key; with the content at hand the two are told apart.
package func decodingProblem(_ error: any Error, in content: Data? = nil) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .keyNotFound(let key, let context):
        return (context.codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".") + " is missing"
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
        if case .dataCorrupted = error, context.codingPath.isEmpty, let content, isWellFormed(content) {
            return "it holds a number that is out of range, not whole where it must be, or misspelt"
        }
        let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        let problem =
            context.debugDescription.hasSuffix(".")
            ? String(context.debugDescription.dropLast()) : context.debugDescription
        return place.isEmpty ? problem : "\(place): \(problem)"
    @unknown default: return "\(error)"
    }
}

/// True if the text is JSON as long as nobody looks at its numbers.
private func isWellFormed(_ content: Data) -> Bool {
    struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }
    return (try? JSONDecoder().decode(Anything.self, from: content)) != nil
}
