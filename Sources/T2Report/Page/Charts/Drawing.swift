import Foundation

/// A figure that can draw itself as an image.
package protocol Chart {
    /// - Parameter id: an identifier that no other element of the page has.
    func image(id: String) -> Markup
}

/// The shapes and texts that all charts are drawn from. Lengths are SVG user units, which are pixels if the page is
/// wide enough.
package enum Drawing {
    package static let fontSize = 12.0

    /// An SVG image with a title and a description for screen readers.
    static func image(
        id: String, title: String, description: String, width: Double, height: Double, _ content: [Markup]
    ) -> Markup {
        .element(
            "svg",
            [
                "role": "img", "aria-labelledby": "\(id)-title \(id)-description",
                "viewBox": "0 0 \(number(width)) \(number(height))",
                "style": "max-width:\(number(width))px",
            ],
            [
                .element("title", ["id": "\(id)-title"], text: title),
                .element("desc", ["id": "\(id)-description"], text: description),
            ] + content)
    }

    enum Anchor: String { case start, middle, end }

    static func label(
        _ text: String, x: Double, y: Double, _ anchor: Anchor = .start, style: String = "label"
    ) -> Markup {
        .element("text", ["class": style, "x": number(x), "y": number(y), "text-anchor": anchor.rawValue], text: text)
    }

    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) -> Markup {
        .element("line", ["class": style, "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)])
    }

    static func rectangle(
        x: Double, y: Double, width: Double, height: Double, style: String, opacity: Double = 1, radius: Double = 0
    ) -> Markup {
        .element(
            "rect",
            [
                "class": style, "x": number(x), "y": number(y), "width": number(width), "height": number(height),
                "rx": number(radius), "fill-opacity": number(opacity),
            ])
    }

    /// A number with at most two decimals.
    static func number(_ value: Double) -> String {
        let hundredths = (value * 100).rounded()
        if hundredths == (hundredths / 100).rounded() * 100 { return String(Int(hundredths / 100)) }
        let text = String(format: "%.2f", hundredths / 100)
        return text.hasSuffix("0") ? String(text.dropLast()) : text
    }

    /// An estimate of the width of a text. Since the reader's fonts are not known, it errs towards too wide.
    package static func width(_ text: String, size: Double = fontSize) -> Double {
        size * text.unicodeScalars.reduce(0.0) { $0 + width($1) }
    }

    /// An estimate of the width of a scalar, in units of the font size.
    private static func width(_ scalar: Unicode.Scalar) -> Double {
        switch scalar {
        case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": 0.34
        case "f", "r", "t", "(", ")", "[", "]", "-", " ", "/": 0.42
        case "m", "w", "M", "W", "%", "@": 0.98
        case "A"..."Z": 0.74
        case "\u{0}"..."\u{2FF}": 0.63
        default: 1.05
        }
    }

    /// The words of a text in at most `lines` lines that fit. Words that do not fit into the last line are cut off.
    static func wrapped(_ text: String, width limit: Double, lines: Int) -> [String] {
        var result: [String] = []
        for word in text.split(separator: " ") {
            if let line = result.last, width("\(line) \(word)") <= limit || result.count == lines {
                result[result.count - 1] = "\(line) \(word)"
            } else {
                result.append(String(word))
            }
        }
        return result.map { fitted($0, width: limit) }
    }

    /// The text, shortened so that it fits. The caller must show the whole text elsewhere.
    static func fitted(_ text: String, width limit: Double, size: Double = fontSize) -> String {
        guard width(text, size: size) > limit else { return text }
        var kept = text
        while !kept.isEmpty, width(kept + "…", size: size) > limit { kept.removeLast() }
        return kept + "…"
    }
}
