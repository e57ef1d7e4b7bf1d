import ArgumentParser
import T2CommandLine
import T2Core
import T2Text

/// Converts text to token identifiers and back.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turns texts into token identifiers, or back.",
        discussion: """
            The command reads JSON Lines from standard input and writes one line for each, in order: {"text": …} becomes \
            {"ids": […]}. It adds no special tokens, but recognizes those in the text. Blank lines are skipped.

            With --chat a line is a conversation, and the result is the text that the model's chat template writes for it, with its \
            ids. The date is what the template's clock shows (default: today); further keys become variables of the template.

            Examples:
              echo '{"text": "Answer:"}' | t2 tokenize --model experts/tiny/base
              echo '{"ids": [45, 12]}' | t2 tokenize --model experts/tiny/base --decode
              echo '{"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true, "date": "2024-07-26"}' |
                t2 tokenize --model models/llama --chat
            """)

    @OptionGroup var model: ModelOptions

    @Flag(help: "The reverse: {\"ids\": […]} becomes {\"text\": …}, special tokens written out.")
    var decode = false

    @Flag(help: "{\"messages\": […]} becomes {\"ids\": […], \"text\": …}.")
    var chat = false

    private struct Text: Codable { let text: String }
    private struct Identifiers: Codable { let ids: [Int] }

    private struct Rendering: Encodable {
        let text: String
        let ids: [Int32]
    }

    func validate() throws {
        guard !(chat && decode) else {
            throw ValidationError("--chat and --decode are two kinds of input: give one of them.")
        }
    }

    func run() throws {
        let (folder, tokenizer) = try model.openFolder()
        let check = TokenCheck(model: folder.configuration)
        let reader = try LineReader(path: "-")
        while let line = try reader.next() {
            if chat {
                try StandardOutput.write(JSONText.line(try Self.render(line, tokenizer)))
            } else if decode {
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

    /// - Throws: `InputError` or `ChatTemplateError` naming the line.
    private static func render(_ line: LineReader.Line, _ tokenizer: Tokenizer) throws -> Rendering {
        let conversation: Conversation
        do {
            conversation = try Conversation(json: line.content)
        } catch {
            let form = #"{"messages": […], "add_generation_prompt": true, "date": "2024-07-26"}"#
            throw line.unreadable(form: form, decodingProblem(error, in: line.content))
        }
        do {
            let (text, ids) = try tokenizer.render(conversation)
            return Rendering(text: text, ids: ids)
        } catch {
            throw error.located(at: line.location)
        }
    }
}
