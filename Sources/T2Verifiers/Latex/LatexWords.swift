/// An answer in words: `\text{even}`, `Evelyn`, `\text{Tuesday}`.
///
/// Bare letters may be words or a product of variables. They are certainly words if there are four in a row, or two in
/// a `\text`.
struct LatexWords {
    /// In lower case, separated by one space.
    let words: String
    let areCertain: Bool

    /// Nil if the text holds anything but letters and the marks that join or end words.
    init?(_ text: String) {
        var folded = ""
        var rest = Substring(text)
        var longest = 0
        var run = 0
        var hasText = false
        while let next = rest.popFirst() {
            run = next.isLetter ? run + 1 : 0
            longest = max(longest, run)
            if next == "\\" {
                if let command = LatexVocabulary.text.first(where: { rest.hasPrefix("\($0){") }) {
                    rest.removeFirst(command.count + 1)
                    hasText = true
                } else if rest.first == " " {
                    folded.append(" ")
                } else {
                    return nil
                }
            } else if next.isLetter {
                folded.append(contentsOf: next.lowercased())
            } else if next.isWhitespace || next == "~" {
                folded.append(" ")
            } else if "-'’,".contains(next) {
                folded.append(next)
            } else if !"}.!$".contains(next) {
                return nil
            }
        }
        words = folded.split(separator: " ").joined(separator: " ")
        areCertain = longest >= 4 || (hasText && longest >= 2)
        if longest == 0 { return nil }
    }
}
