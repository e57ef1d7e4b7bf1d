import T2Report
import Testing

@Suite("Markup")
struct MarkupTests {
    @Test(
        "text and attributes are unchanged after serialization and parsing",
        arguments: [
            "a < b & c > d", "\"double\" and 'single'", "</td><script>alert(1)</script>", "&amp; &lt; ]]>",
            "z′ = Σ α z – 87 %",
            "\u{1F4A1} 測試",
        ])
    func escaping(text: String) throws {
        let element = Markup.element("p", ["title": text], text: text)
        #expect(!element.serialized.contains("<script"))
        let parsed = try #require(try ParsedMarkup(element.serialized).elements.first)
        #expect(parsed.text == text && parsed.attributes["title"] == text)
    }

    @Test("characters that XML does not allow are replaced")
    func controlCharacters() throws {
        let element = Markup.element("p", text: "a\u{0}b\u{1B}[1mc\u{FFFE}d\te")
        #expect(try ParsedMarkup(element.serialized).elements.first?.text == "a\u{FFFD}b\u{FFFD}[1mc\u{FFFD}d\te")
    }

    @Test("only void elements close themselves, as HTML requires")
    func emptyElements() {
        #expect(Markup.element("td").serialized == "<td></td>\n")
        #expect(Markup.element("meta", ["charset": "utf-8"]).serialized == "<meta charset=\"utf-8\"/>\n")
        let words = Markup.element("p", [:], [.text("a"), .element("span", text: "b"), .text("c")])
        #expect(words.serialized == "<p>a<span>b</span>c</p>\n")
    }
}
