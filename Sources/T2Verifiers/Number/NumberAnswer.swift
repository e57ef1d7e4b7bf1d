/// A number, compared exactly by value: `1,000`, `+1000.0`, `1e3` and `\frac{2000}{2}` are equal; 1/3 and 0.333 are
/// not.
///
/// What counts as a number: thousands commas in groups of three (in `1,2` the number is 1: other commas belong to the
/// sentence), a sign, decimals, fractions, mixed numbers, powers of ten, thousand to trillion in words; currency before
/// it and units after it are skipped. Several numbers joined by an operator are a calculation: its result after the
/// last `=` counts, and a calculation without a result is not a number. Ranges (`5-7`), times (`5:30`) and powers other
/// than those of ten are not numbers either.
///
/// The percent sign is a unit like any other: `50%` equals `50`, and not `0.5`. Both cannot hold, or 50 would equal
/// 0.5; and the published reference answers write a percentage as the number before its sign.
///
/// - Cost: linear in the completion; fractions have parts of at most `NumberValue.fractionDigits` digits.
package struct NumberAnswer: Equatable, Sendable {
    /// The number as written.
    package let text: String
    let value: NumberValue
}

extension NumberAnswer {
    /// The number after the last of the markers `####`, `\boxed{…}`, `answer is` and `answer:` that is followed by one;
    /// nil if there is none.
    ///
    /// - Parameter report: receives numbers of bytes looked at.
    package init?(inCompletion completion: String, steps report: (Int) -> Void = { _ in }) {
        let bytes = Array(completion.utf8)
        let markers = AnswerMarkers(bytes)
        report(markers.steps)
        for index in markers.markers.indices.reversed() {
            var reader = NumberReader(ByteCursor(bytes, markers.window(index)))
            defer { report(reader.cursor.steps) }
            if let answer = reader.read() {
                self = answer
                return
            }
        }
        return nil
    }

    /// - Parameter gold: a text that begins with a number; units and words after it are skipped.
    package init?(_ gold: String) {
        var reader = NumberReader(ByteCursor(Array(gold.utf8)))
        guard let answer = reader.read() else { return nil }
        self = answer
    }

    package static func == (a: NumberAnswer, b: NumberAnswer) -> Bool { a.value == b.value }
}
