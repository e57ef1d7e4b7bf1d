import T2Core

/// An error in a message from a peer, with what was expected and what was found.
package enum ProtocolError: UserFacingError, Equatable {
    /// A message does not begin with this protocol's version.
    case unsupportedVersion(found: String)
    /// The lengths of a message's parts disagree with its bytes.
    case malformedFrame(problem: String)
    case unknownKind(found: String)
    case wrongPartCount(kind: String, expected: Int, found: Int)
    case malformedHeader(kind: String, problem: String)
    /// A part of the payload has another size, element or shape, as in "shape [3]" and "[4]".
    case wrongPayload(kind: String, part: String, expected: String, found: String)
    /// A size or count beyond the limits.
    case tooLarge(kind: String, what: String, limit: Int, found: Int)
    case digestMismatch(kind: String, expected: Digest, found: Digest)

    package var description: String {
        switch self {
        case .unsupportedVersion(let found):
            "protocol: expected a message of '\(Message.version)', found '\(found)'. \(Self.remedy)"
        case .malformedFrame(let problem):
            "protocol: a message's frame cannot be read: \(problem). \(Self.remedy)"
        case .unknownKind(let found):
            "protocol: expected a message kind of \(Message.version), found '\(found)'. \(Self.remedy)"
        case .wrongPartCount(let kind, let expected, let found):
            "\(kind): expected \(expected) parts, found \(found). \(Self.remedy)"
        case .malformedHeader(let kind, let problem):
            "\(kind): its header cannot be read: \(problem). \(Self.remedy)"
        case .wrongPayload(let kind, let part, let expected, let found):
            "\(kind): payload '\(part)' should have \(expected), found \(found). \(Self.remedy)"
        case .tooLarge(let kind, let what, let limit, let found):
            "\(kind): \(what): found \(found), the limit is \(limit). Use smaller units or fewer tokens per completion."
        case .digestMismatch(let kind, let expected, let found):
            """
            \(kind): the payload should have digest \(expected.short), found \(found.short). It was damaged on its way; \
            send it again.
            """
        }
    }

    private static let remedy =
        "Run the same t2 version on both sides; if it is the same, another program uses this port."

    package var exitStatus: ExitStatus { .protocolViolation }

    /// - Throws: `tooLarge` for a size or count beyond its limit.
    static func require(_ found: Int, atMost limit: Int, _ what: String, kind: String) throws(ProtocolError) {
        guard found <= limit else { throw .tooLarge(kind: kind, what: what, limit: limit, found: found) }
    }

    /// The sum of a peer's counts, without overflow.
    ///
    /// - Parameter negative: the problem with the count of this index if it is negative.
    static func total(
        _ counts: [Int], atMost limit: Int, _ what: String, kind: String, negative: (Int) -> String
    ) throws(ProtocolError) -> Int {
        var total = 0
        for (index, count) in counts.enumerated() {
            guard count >= 0 else { throw .malformedHeader(kind: kind, problem: negative(index)) }
            guard count <= limit - total else { throw .tooLarge(kind: kind, what: what, limit: limit, found: count) }
            total += count
        }
        return total
    }
}
