import Foundation
import Testing

import T2Text

@Suite("Normalization form C")
struct CanonicalCompositionTests {
    @Test(
        "leaves what the standard's definitions leave and composes what they compose",
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
            #expect(scalars(normalized(parts)) == [scalar])
            #expect(scalars(normalized(text)) == [scalar])
            composites += 1
        }
        // 11,172 of them are syllables of Hangul; the others grow with Unicode's version.
        #expect(composites > 12_000)
    }

    private func normalized(_ text: String) -> String {
        String(decoding: Array(text.utf8).withUnsafeBufferPointer(CanonicalComposition.normalize), as: UTF8.self)
    }
}
