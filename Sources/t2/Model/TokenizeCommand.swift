import ArgumentParser
import T2CommandLine
import T2Text

/// Converts text to token identifiers and back.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turns texts into token identifiers, or back.",
        discussion: """
            The command reads JSON Lines from standard input and writes one line for each, in order: {"text": …} becomes \
            {"ids": […]}. It adds no special tokens, but recognizes those in the text. Blank lines are skipped.

            Examples:
              echo '{"text": "Answer:"}' | t2 tokenize --model experts/tiny/base
              echo '{"ids": [45, 12]}' | t2 tokenize --model experts/tiny/base --decode
            """)

    @OptionGroup var model: ModelOptions

    @Flag(help: "The reverse: {\"ids\": […]} becomes {\"text\": …}, special tokens written out.")
    var decode = false

    private struct Text: Codable { let text: String }
    private struct Identifiers: Codable { let ids: [Int] }

    func run() throws {
        let (folder, tokenizer) = try model.openFolder()
        let check = TokenCheck(model: folder.configuration)
        let reader = try LineReader(path: "-")
        while let line = try reader.next() {
            if decode {
                let ids = try line.decode(Identifiers.self, form: #"{"ids": […]}"#).ids
                let text = tokenizer.decode(
                    try check.identifiers(ids, location: line.location), skipSpecialTokens: false)
                try StandardOutput.write(JSONText.line(Text(text: text)))
            } else {
                let text = try line.decode(Text.self, form: #"{"text": …}"#).text
                try StandardOutput.write(JSONText.line(Identifiers(ids: tokenizer.encode(text).map { Int($0) })))
            }
        }
    }
}
