import Foundation
import T2Core
import T2Text
import Testing

@Suite("For every scalar, the tokenizer agrees with the tokenizers library")
struct LibraryUnicodeTests {
    private struct Fixture: Decodable {
        struct Block: Decodable {
            let first: UInt32
            let last: UInt32
            let digest: String
        }

        /// The first and the last scalar of each run.
        let letters, numbers, whitespace, wordCharacters: [[UInt32]]
        let normalization: [Block]
    }

    private let fixture: Fixture

    init() throws {
        fixture = try JSONDecoder().decode(
            Fixture.self, from: Data(contentsOf: TokenizerFixture.file("unicode.json")))
    }

    @Test("on its class in split patterns")
    func classes() {
        let classes: [(ScalarClass, [[UInt32]])] = [
            (.letter, fixture.letters), (.number, fixture.numbers), (.whitespace, fixture.whitespace),
        ]
        for (kind, expected) in classes { #expect(runs { ScalarClass($0) == kind } == expected, "\(kind)") }
    }

    @Test("on whether a token of single words may stand beside it")
    func wordCharacters() {
        #expect(runs(where: \.isWordCharacter) == fixture.wordCharacters)
    }

    @Test("on normalization form C, decomposed, composed and among marks of other classes")
    func normalization() {
        #expect(fixture.normalization.count == 49)
        for block in fixture.normalization {
            var text = String.UnicodeScalarView()
            for scalar in (block.first...block.last).compactMap(Unicode.Scalar.init) {
                text.append(scalar)
                for (before, after) in [("a\u{345}", "\u{334}"), ("o\u{323}", "\u{301}"), ("o\u{301}", "\u{323}")] {
                    text.append(contentsOf: before.unicodeScalars)
                    text.append(scalar)
                    text.append(contentsOf: after.unicodeScalars)
                }
            }
            let normalized = Array(String(text).utf8).withUnsafeBufferPointer(NormalizationFormC.normalize)
            let digest = normalized.withUnsafeBytes { Digest(of: $0) }
            #expect(digest.hexadecimal == block.digest, "block from \(String(block.first, radix: 16))")
        }
    }

    /// The first and the last scalar of each run of scalars that satisfy a condition.
    private func runs(where condition: (Unicode.Scalar) -> Bool) -> [[UInt32]] {
        var runs: [[UInt32]] = []
        for scalar in (UInt32(0)...0x10FFFF).compactMap(Unicode.Scalar.init) where condition(scalar) {
            if let last = runs.last?[1], last + 1 == scalar.value {
                runs[runs.count - 1][1] = scalar.value
            } else {
                runs.append([scalar.value, scalar.value])
            }
        }
        return runs
    }
}
