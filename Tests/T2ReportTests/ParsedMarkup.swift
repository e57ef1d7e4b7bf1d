import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Markup that an XML parser has read. Markup that is not well-formed is an error.
final class ParsedMarkup: NSObject, XMLParserDelegate {
    struct Element {
        let name: String
        let attributes: [String: String]
        /// The text of this element and of all elements inside it.
        var text = ""
        let ancestors: [String]
    }

    private(set) var elements: [Element] = []
    private var open: [Int] = []

    init(_ text: String) throws {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        guard parser.parse() else {
            struct Malformed: Error { let description: String }
            throw Malformed(description: "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        }
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        let ancestors = open.dropLast().map { elements[$0].name }
        elements.append(Element(name: name, attributes: attributes, ancestors: ancestors))
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) { open.removeLast() }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        for index in open { elements[index].text += text }
    }
}
