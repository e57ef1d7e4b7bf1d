/// What ends a completion besides its limit.
package struct StopCondition: Sendable {
    /// Any of these tokens; it belongs to the completion.
    package let tokens: Set<Int32>
    /// Any of these texts in what was written so far, such as the next question that a model for plain text goes on to ask.
    package let texts: [[UInt8]]
    /// What a token contributes to the text.
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
package struct StopWatch {
    /// The end of the text: as much as the longest stop text may begin in.
    private var tail: [UInt8] = []

    package init() {}

    /// Takes the next token in; true if the completion ends with it.
    ///
    /// - Cost: nothing but a look-up where there are no stop texts.
    package mutating func ends(_ token: Int32, _ condition: StopCondition) -> Bool {
        if condition.tokens.contains(token) { return true }
        guard !condition.texts.isEmpty else { return false }
        tail += condition.bytes(token)
        for text in condition.texts where tail.holds(text) { return true }
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
