/// A tree of HTML or SVG. Its serialization is also well-formed XML.
package indirect enum Markup {
    /// Text, which is escaped when it is serialized.
    case text(String)
    case element(name: String, attributes: [(name: String, value: String)], children: [Markup])
    case group([Markup])
    /// Text that is serialized without escapes. It is meant for the style sheet, in which HTML does not resolve
    /// escapes.
    case verbatim(String)

    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
    ) -> Markup {
        .element(name: name, attributes: attributes.map { ($0.key, $0.value) }, children: children)
    }

    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String
    ) -> Markup {
        .element(name, attributes, [.text(text)])
    }

    package var serialized: String {
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

    /// Text escaped for use in text and in quoted attribute values. Characters that XML does not allow become U+FFFD.
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
    /// The elements without a newline behind them, where it would become white space between words.
    private static let inlineElements: Set<String> = ["span", "strong", "a", "code", "tspan", "br"]
}
