/// A text of a peer or a file made safe for a log line and a terminal: control characters, line breaks and characters that
/// change the direction of writing become `?`.
///
/// - Parameter limit: the number of Unicode scalars that are kept.
package func printable(_ text: String, limit: Int = 200) -> String {
    let safe = text.unicodeScalars.prefix(limit).map { scalar -> Unicode.Scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: "?"
        default: scalar
        }
    }
    return String(String.UnicodeScalarView(safe))
}
