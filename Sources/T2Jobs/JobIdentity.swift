import T2Core

/// What makes a job the same job when it is resumed: everything that its results follow from, by name.
package struct JobIdentity: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable {
        case training, evaluation, search

        /// The subcommand that runs such a job.
        package var command: String {
            switch self {
            case .training: "start"
            case .evaluation: "eval"
            case .search: "adapt"
            }
        }

        /// With its article, for messages.
        package var noun: String {
            switch self {
            case .training: "a training run"
            case .evaluation: "an evaluation"
            case .search: "a search"
            }
        }
    }

    package let kind: Kind
    /// Names as a person would say them, and the canonical JSON of what they stand for, or its digest where that is long.
    package let parts: [String: String]

    /// Texts up to this length stand in the identity as they are.
    private static let longestText = 200

    /// - Throws: `EncodingError` for a part that holds a NaN or an infinity.
    package init(_ kind: Kind, _ parts: [(name: String, value: any Encodable & Sendable)]) throws {
        self.kind = kind
        self.parts = try Dictionary(
            uniqueKeysWithValues: parts.map { name, value in
                let text = try CanonicalJSON.text(value)
                return (name, text.utf8.count > Self.longestText ? Digest(of: text).hexadecimal : text)
            })
    }

    /// Over the kind and all parts.
    package var digest: Digest {
        var builder = DigestBuilder()
        builder.update(kind.rawValue)
        for (name, text) in parts.sorted(by: { $0.key < $1.key }) { builder.update("\u{0}\(name)\u{0}\(text)") }
        return builder.finalize()
    }

    /// What differs, as a person would say it; nil if nothing does.
    package func difference(from saved: JobIdentity) -> String? {
        guard kind == saved.kind else { return "another kind of job: \(saved.kind.noun)" }
        let names = Set(parts.keys).union(saved.parts.keys).sorted().filter { parts[$0] != saved.parts[$0] }
        return names.isEmpty ? nil : "other " + names.joined(separator: ", other ")
    }
}
