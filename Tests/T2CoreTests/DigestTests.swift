import T2Core
import Testing

@Suite("A digest")
struct DigestTests {
    private static let valid = String(repeating: "0123456789abcdef", count: 4)

    @Test("is read from its 64 characters, and from nothing else")
    func text() {
        #expect(Digest(hexadecimal: Self.valid)?.hexadecimal == Self.valid)
        // A full-width digit has three bytes, so that 62 characters of which one is such a digit have 64 bytes.
        let wide = "\u{FF10}" + Self.valid.dropFirst(3)
        #expect(wide.utf8.count == 64 && wide.allSatisfy(\.isHexDigit))
        for text in [
            wide, Self.valid.uppercased(), String(Self.valid.dropLast()), Self.valid + "0",
            "../" + Self.valid.dropLast(3),
        ] {
            #expect(Digest(hexadecimal: text) == nil, "\(text)")
        }
    }
}
