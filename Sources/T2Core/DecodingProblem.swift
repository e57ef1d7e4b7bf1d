import Foundation

/// A decoding error as one phrase with the key it happened at.
package func decodingProblem(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .keyNotFound(let key, let context):
        return (context.codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".") + " is missing"
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
        let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        let problem =
            context.debugDescription.hasSuffix(".")
            ? String(context.debugDescription.dropLast()) : context.debugDescription
        return place.isEmpty ? problem : "\(place): \(problem)"
    @unknown default: return "\(error)"
    }
}
