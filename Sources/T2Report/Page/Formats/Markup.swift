/// A tree of HTML or SVG, written so that it is well-formed XML as well.
indirect enum Markup {
    /// Escaped where it is written.
    case text(String)
    case element(name: String, attributes: [(name: String, value: String)], children: [Markup])
    case group([Markup])
    /// Written as it is: the style sheet, whose text HTML does not unescape.
    case verbatim(String)

    static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
    ) -> Markup {
        .element(name: name, attributes: attributes.map { ($0.key, $0.value) }, children: children)
    }

    static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String
    ) -> Markup {
        .element(name, attributes, [.text(text)])
    }

    var serialized: String {
        var output = ""
        write(to: &output)
        return output
    }

    private func write(to output: inout String) {
        switch self {
        case .text(let text): output += Self.escape(text)
        case .verbatim(let text): output += text
        case .group(let children): for child in children { child.write(to: &output) }
        case .element(let name, let attributes, let children):
            output += "<" + name
            for attribute in attributes { output += " \(attribute.name)=\"\(Self.escape(attribute.value))\"" }
            if Self.voidElements.contains(name) {
                output += "/>"
            } else {
                output += ">"
                for child in children { child.write(to: &output) }
                output += "</\(name)>"
            }
            if !Self.inlineElements.contains(name) { output += "\n" }
        }
    }

    /// For text and quoted attribute values. What XML cannot hold at all becomes the replacement character.
    static func escape(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            case "\t", "\n", "\r": output.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": output += "\u{FFFD}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    private static let voidElements: Set<String> = ["meta", "br"]
    /// No line end behind these: it would be white space between words.
    private static let inlineElements: Set<String> = ["span", "strong", "a", "code", "tspan", "br"]
}
