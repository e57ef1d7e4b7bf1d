/// The tokens and texts that end a completion before its token limit.
package struct StopCondition: Sendable {
    /// Tokens that end a completion. The token that ends it belongs to it.
    package let tokens: Set<Int32>
    /// UTF-8 texts that end a completion, such as the start of the next question in plain-text prompting.
    package let texts: [[UInt8]]
    /// The bytes that a token adds to the text.
    package let bytes: @Sendable (Int32) -> ArraySlice<UInt8>

    package init(
        tokens: Set<Int32>, texts: [String] = [], bytes: @escaping @Sendable (Int32) -> ArraySlice<UInt8> = { _ in [] }
    ) {
        self.tokens = tokens
        self.texts = texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
        self.bytes = bytes
    }
}

/// A stop condition applied to one completion, token by token.
package struct StopDetector {
    /// The last bytes of the text, in which a stop text may have begun.
    private var tail: [UInt8] = []

    package init() {}

    /// Appends the next token and returns whether it ends the completion.
    ///
    /// - Cost: one set look-up if there are no stop texts.
    package mutating func ends(_ token: Int32, _ condition: StopCondition) -> Bool {
        if condition.tokens.contains(token) { return true }
        guard !condition.texts.isEmpty else { return false }
        tail += condition.bytes(token)
        if condition.texts.contains(where: { tail.holds($0) }) { return true }
        tail.removeFirst(max(0, tail.count - (condition.texts.map(\.count).max()! - 1)))
        return false
    }
}

extension [UInt8] {
    fileprivate func holds(_ text: [UInt8]) -> Bool {
        guard count >= text.count else { return false }
        return (0...count - text.count).contains { self[$0..<$0 + text.count].elementsEqual(text) }
    }
}
