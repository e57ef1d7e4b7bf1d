/// A measure as an expert file holds it: text, and for machines a number if it says one.
struct Measure: Encodable {
    let text: String

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let number { try container.encode(number) } else { try container.encode(text) }
    }

    /// `Double` also reads nan, infinity and hexadecimal: none of them is a measure's number.
    private var number: Double? {
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
}
