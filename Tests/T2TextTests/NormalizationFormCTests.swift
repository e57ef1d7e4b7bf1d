import Foundation
import Testing

import T2Text

@Suite("Normalization form C")
struct NormalizationFormCTests {
    @Test(
        "composes, orders and leaves alone what Unicode Standard Annex 15 says",
        arguments: [
            ("plain", "plain"), ("e\u{301}", "é"), ("xe\u{301}\u{323}", "x\u{1EB9}\u{301}"), ("\u{212B}", "Å"),
            ("\u{958}", "\u{915}\u{93C}"),
            ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"), ("\u{D22C}\u{11B9}", "\u{D23E}"), ("a\u{5AE}\u{300}", "à\u{5AE}"),
            ("\u{1E9B}\u{323}", "\u{1E9B}\u{323}"), ("\u{9C7}\u{9BE}", "\u{9CB}"),
            ("\u{301}\u{1E947}\u{F75}", "\u{F71}\u{F74}\u{301}\u{1E947}"),
        ])
    func examples(text: String, expected: String) {
        #expect(scalars(normalized(text)) == scalars(expected))
    }

    @Test("gives every composed character back from its decomposition, and itself unchanged")
    func composites() {
        var composites = 0
        for scalar in (UInt32(0)...0x2FFFF).compactMap(Unicode.Scalar.init) {
            let text = String(scalar)
            let parts = text.decomposedStringWithCanonicalMapping
            guard parts.unicodeScalars.count > 1, !scalar.properties.isFullCompositionExclusion else { continue }
            guard let age = scalar.properties.age, age.major <= 9 else { continue }
            #expect(scalars(normalized(parts)) == [scalar])
            #expect(scalars(normalized(text)) == [scalar])
            composites += 1
        }
        // 11,172 of them are Hangul syllables.
        #expect(composites > 12_000)
    }

    @Test("puts a long run of marks in order in little more than linear time", .timeLimit(.minutes(10)))
    func manyMarks() {
        let count = 200_000
        let marks = scalars(normalized("x" + String(repeating: "\u{301}\u{316}", count: count)))
        #expect(marks == ["x"] + Array(repeating: "\u{316}", count: count) + Array(repeating: "\u{301}", count: count))
    }

    private func normalized(_ text: String) -> String {
        String(decoding: Array(text.utf8).withUnsafeBufferPointer(NormalizationFormC.normalize), as: UTF8.self)
    }
}
