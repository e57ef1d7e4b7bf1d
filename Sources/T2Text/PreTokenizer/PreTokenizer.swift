/// Splits text into the pieces that byte-pair encoding works on.
struct PreTokenizer: Sendable {
    /// One step, applied to every piece that the step before it produced.
    enum Step: Sendable {
        case split(SplitPattern)
        /// Separates numbers from all other text, either as whole runs or digit by digit.
        case digits(individually: Bool)
        /// Puts a space before each piece that does not begin with one.
        case prefixSpace
    }

    let steps: [Step]

    /// Calls `body` with each piece in order. No piece is empty.
    func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if !text.isEmpty { apply(steps[...], to: text, body) }
    }

    private func apply(
        _ steps: ArraySlice<Step>, to piece: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let step = steps.first else { return body(piece) }
        let rest = steps.dropFirst()
        switch step {
        case .split(let pattern):
            if rest.isEmpty {
                pattern.forEachPiece(of: piece, body)
            } else {
                pattern.forEachPiece(of: piece) { apply(rest, to: $0, body) }
            }
        case .digits(let individually):
            let reader = ScalarReader(piece)
            var start = 0
            while start < piece.count {
                let end = reader.endOfDigitsPiece(from: start, individually: individually)
                apply(rest, to: UnsafeBufferPointer(rebasing: piece[start..<end]), body)
                start = end
            }
        case .prefixSpace:
            guard piece.first != UInt8(ascii: " ") else { return apply(rest, to: piece, body) }
            ([UInt8(ascii: " ")] + piece).withUnsafeBufferPointer { apply(rest, to: $0, body) }
        }
    }
}

extension ScalarReader {
    fileprivate func endOfDigitsPiece(from start: Int, individually: Bool) -> Int {
        let (kind, next) = classify(at: start)
        guard kind != .number else { return individually ? next : endOfRun(of: .number, from: next) }
        var index = next
        while index < end, case let (found, next) = classify(at: index), found != .number { index = next }
        return index
    }
}
