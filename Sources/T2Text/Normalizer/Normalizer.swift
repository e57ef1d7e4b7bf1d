/// Changes text before it is split.
struct Normalizer: Sendable {
    enum Step: Sendable, Equatable {
        case normalizationFormC
        /// Puts a space before text that is not empty.
        case prependSpace
        /// Makes spaces and ▁ the same. Both are then written as a space, as `Spelling.spaceMarks` expects.
        case spaceMarks
    }

    let steps: [Step]

    /// Whether spaces are no white space to added tokens in the normalized text, since they are written as ▁.
    var marksSpaces: Bool { steps.contains(.spaceMarks) }

    /// The normalized UTF-8 of a valid UTF-8 text.
    func normalize(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        steps.reduce(Array(text)) { text, step in
            switch step {
            case .normalizationFormC: text.withUnsafeBufferPointer(NormalizationFormC.normalize)
            case .prependSpace: text.isEmpty ? text : [SpaceMark.space] + text
            case .spaceMarks:
                text.withUnsafeBufferPointer(SpaceMark.isIn) ? SpaceMark.spaces(for: text) : text
            }
        }
    }
}
