import T2Core

/// The identity of a job, which must be the same when it is resumed: all inputs that determine its results, by name.
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

        /// The noun with its article, for messages.
        package var noun: String {
            switch self {
            case .training: "a training run"
            case .evaluation: "an evaluation"
            case .search: "a search"
            }
        }
    }

    package let kind: Kind
    /// The readable name of each input, and its canonical JSON or, if that is long, its digest.
    package let parts: [String: String]

    /// The length up to which texts are kept as they are, in bytes.
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

    /// The digest of the kind and all parts.
    package var digest: Digest {
        var builder = DigestBuilder()
        builder.update(kind.rawValue)
        for (name, text) in parts.sorted(by: { $0.key < $1.key }) { builder.update("\u{0}\(name)\u{0}\(text)") }
        return builder.finalize()
    }

    /// A readable description of the difference; nil if there is none.
    package func difference(from saved: JobIdentity) -> String? {
        guard kind == saved.kind else { return "another kind of job: \(saved.kind.noun)" }
        let names = Set(parts.keys).union(saved.parts.keys).sorted().filter { parts[$0] != saved.parts[$0] }
        // The day is the one input that the command line need not have named.
        let described = names.map { name in
            guard name == "date", let day = saved.parts[name] else { return name }
            return "date (--date \(day.filter { $0 != "\"" }))"
        }
        return names.isEmpty ? nil : "other " + described.joined(separator: ", other ")
    }
}

extension [Problem] {
    /// What chat templates read besides the texts of these problems, by name. The problems' own part holds it too; by itself it can be
    /// named where it differs.
    var chatParts: [(name: String, value: any Encodable & Sendable)] {
        let chat = first?.chat
        return [("system", chat?.system), ("date", chat?.date?.description)].compactMap { name, text in
            text.map { (name, $0) }
        }
    }
}
