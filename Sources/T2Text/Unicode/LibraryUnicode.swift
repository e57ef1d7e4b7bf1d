/// The Unicode versions whose tables the tokenizers library carries, here as of release 0.23.
///
/// The tables at hand are of other versions: those of the Swift standard library grow with the toolchain, those of
/// libutf8proc with the Linux distribution (Debian 12 has Unicode 15). What the library's tables know is therefore
/// decided by the version that first assigned a character, which never changes. `LibraryUnicodeTests` compares every
/// scalar.
enum LibraryUnicode: Int {
    /// Normalization form C, by the crate unicode-normalization-alignments.
    case normalization = 9
    /// Classes of characters in regular expressions, by Oniguruma and the crate regex.
    case classes = 16
}

extension Unicode.Scalar {
    /// Whether the tokenizers library knows the scalar as an assigned character.
    func isAssigned(in library: LibraryUnicode) -> Bool { properties.age.map { $0.major <= library.rawValue } ?? false }

    /// Whether the scalar matches `\w`.
    ///
    /// - Source: Unicode Technical Standard 18, annex C.
    package var isWordCharacter: Bool {
        let isWord =
            switch properties.generalCategory {
            case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
            default: properties.isAlphabetic || properties.isJoinControl
            }
        return isWord && isAssigned(in: .classes)
    }
}
