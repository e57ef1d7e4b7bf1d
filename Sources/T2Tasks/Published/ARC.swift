import Foundation
import T2Core

/// Questions of school science with three to five options.
///
/// A record is `{id, question: {stem, choices: [{text, label}]}, answerKey}`, or `question` is a text and `choices:
/// {text, label}` is beside it. Labels are letters or digits; the model sees letters from A on, in the order of the
/// record.
///
/// - Source: Clark et al., arXiv 1803.05457.
struct ARC: PublishedDataset {
    /// The name of the data set's folder, such as `ARC-Easy`.
    let name: String

    var task: String { name.lowercased() }
    let summary = "school science; \"the answer is (X)\""
    let maxTokens: Int? = 256
    let plainStopStrings = ["\nQuestion:", "\n\n\n"]

    var parts: [Split: DatasetPart] {
        func paths(_ file: String, _ other: String) -> [String] {
            ["arc/", "ARC-V1-Feb2018-2/", "arc/ARC-V1-Feb2018-2/", "", "ai2_arc/"].flatMap { folder in
                ["\(folder)\(name)/\(name)-\(file)", "\(folder)\(name)/\(other)"]
            }
        }
        var parts: [Split: DatasetPart] = .halving(train: paths("Train", "train"), test: paths("Test", "test"))
        parts[.publishedValidation] = DatasetPart(paths: paths("Dev", "validation"))
        return parts
    }

    func problem(_ record: RecordText, file: String) throws -> PublishedProblem {
        let (fields, letters, key) = try self.fields(record.content)
        let options = zip(letters, fields.texts).map { "\($0). \($1)" }.joined(separator: "\n")
        let body = "Question: \(fields.stem)\nOptions:\n\(options)"
        let instruction =
            "One of the options is right. Think as long as you need, then finish with the words "
            + "\"the answer is (X)\", with the letter of that option for X."
        let reference = "The answer is (\(letters[key]))"
        return PublishedProblem(
            id: "\(name)/\(fields.id)", topic: name.lowercased(), question: fields.stem,
            chat: ("\(instruction)\n\n\(body)", reference),
            plain: ("\(instruction)\n\n\(body)\nAnswer:", " \(reference)"),
            verification: .choice(answer: letters[key], options: fields.texts))
    }

    private struct Answer: Decodable {
        let answer: String
        let options: [String]?
    }

    /// The record holds `answer`, the letter shown, and optionally the texts of `options`; or it is a published record.
    func verification(of record: Data) throws -> Verification {
        if let fields = try? JSONDecoder().decode(Answer.self, from: record) {
            return .choice(answer: fields.answer, options: fields.options ?? [])
        }
        let (fields, letters, key) = try self.fields(record)
        return .choice(answer: letters[key], options: fields.texts)
    }

    /// The record, the letters of its options and the index of the right one.
    private func fields(_ record: Data) throws -> (ARCRecord, letters: [String], key: Int) {
        let fields = try JSONDecoder().decode(ARCRecord.self, from: record)
        if fields.stem.isBlank { throw RecordFlaw("question is empty") }
        let letters = try Gold.letters(ofOptions: fields.texts.count)
        let labels = fields.labels.joined(separator: ", ")
        guard Set(fields.labels).count == fields.labels.count else {
            throw RecordFlaw("two options have the same label: \(labels)")
        }
        guard let key = fields.labels.firstIndex(of: fields.answerKey) else {
            throw RecordFlaw("answerKey is '\(fields.answerKey.prefix(20))', expected one of \(labels)")
        }
        if fields.texts.contains(where: \.isBlank) { throw RecordFlaw("an option is empty") }
        return (fields, letters, key)
    }
}

/// A record in either layout.
private struct ARCRecord: Decodable {
    let id: String
    let stem: String
    /// The texts of the options, and their labels.
    let texts: [String]
    let labels: [String]
    let answerKey: String

    private struct Nested: Decodable {
        struct Option: Decodable {
            let text: String
            let label: String
        }

        let stem: String
        let choices: [Option]
    }

    private struct Columns: Decodable {
        let text: [String]
        let label: [String]
    }

    private enum CodingKeys: CodingKey {
        case id, question, choices, answerKey
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.decode(String.self, forKey: .id)
        answerKey = try values.decode(String.self, forKey: .answerKey)
        guard values.contains(.choices) else {
            let nested = try values.decode(Nested.self, forKey: .question)
            (stem, texts, labels) = (nested.stem, nested.choices.map(\.text), nested.choices.map(\.label))
            return
        }
        stem = try values.decode(String.self, forKey: .question)
        let columns = try values.decode(Columns.self, forKey: .choices)
        (texts, labels) = (columns.text, columns.label)
        guard texts.count == labels.count else {
            throw RecordFlaw("there are \(texts.count) options and \(labels.count) labels")
        }
    }
}
