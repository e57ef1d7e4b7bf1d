/// Splits text into the pieces that byte-pair encoding works on.
struct PreTokenizer: Sendable {
    /// One step, applied to every piece that the step before it produced.
    enum Step: Sendable {
        case split(SplitPattern)
        /// Separates numbers from all other text, either as whole runs or digit by digit.
        case digits(individually: Bool)
        /// Puts a space before each piece that does not begin with one, or before the first piece of a text only.
        case prefixSpace(onlyAtStart: Bool)
        /// Writes every ▁ as a space, as `Spelling.spaceMarks` expects.
        case spaceMarks
        /// Begins a new piece at every space.
        case splitAtSpaces
    }

    let steps: [Step]

    /// Calls `body` with each piece in order. No piece is empty.
    ///
    /// - Parameter isStart: whether nothing precedes the text, no added token either.
    func forEachPiece(
        of text: UnsafeBufferPointer<UInt8>, isStart: Bool, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        if !text.isEmpty { apply(steps[...], to: text, isStart, body) }
    }

    private func apply(
        _ steps: ArraySlice<Step>, to piece: UnsafeBufferPointer<UInt8>, _ isStart: Bool,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let step = steps.first else { return body(piece) }
        let rest = steps.dropFirst()
        func emit(_ range: Range<Int>) {
            apply(
                rest, to: UnsafeBufferPointer(rebasing: piece[range]), isStart && range.lowerBound == 0, body)
        }
        switch step {
        case .split(let pattern):
            if rest.isEmpty {
                pattern.forEachPiece(of: piece, body)
            } else {
                pattern.forEachPiece(of: piece) {
                    apply(rest, to: $0, isStart && $0.baseAddress == piece.baseAddress, body)
                }
            }
        case .digits(let individually):
            let reader = ScalarReader(piece)
            var start = 0
            while start < piece.count {
                let end = reader.endOfDigitsPiece(from: start, individually: individually)
                emit(start..<end)
                start = end
            }
        case .prefixSpace(let onlyAtStart):
            guard piece.first != SpaceMark.space, isStart || !onlyAtStart else {
                return apply(rest, to: piece, isStart, body)
            }
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: piece.count + 1) { prefixed in
                prefixed[0] = SpaceMark.space
                _ = UnsafeMutableBufferPointer(rebasing: prefixed[1...]).update(from: piece)
                apply(rest, to: UnsafeBufferPointer(prefixed), isStart, body)
            }
        case .spaceMarks:
            guard SpaceMark.isIn(piece) else { return apply(rest, to: piece, isStart, body) }
            SpaceMark.spaces(for: Array(piece)).withUnsafeBufferPointer { apply(rest, to: $0, isStart, body) }
        case .splitAtSpaces:
            var start = 0
            for index in 1..<piece.count where piece[index] == SpaceMark.space {
                emit(start..<index)
                start = index
            }
            emit(start..<piece.count)
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
