import ArgumentParser
import Foundation
import T2Core
import T2Formats
import T2Text

/// Times the encoding of texts on one thread, once for each line that it reads, so that a driver can alternate with the
/// tokenizers library.
struct TokenizerBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Encodes the texts of FILE at each line of input, and prints {\"seconds\": …, \"tokens\": n}.")

    @Option(help: "A tokenizer.json.") var tokenizer: String

    @Option(help: "JSON Lines, each with a string.") var texts: String

    private struct Timing: Encodable {
        let seconds: Double
        let tokens: Int
    }

    func run() throws {
        let tokenizer = try Tokenizer(path: tokenizer)
        let lines = try MappedFile(path: texts).withBytes { Data($0) }.split(separator: UInt8(ascii: "\n"))
        let texts = try lines.map { line in
            do {
                return try JSONDecoder().decode(String.self, from: line)
            } catch {
                throw InputError(
                    self.texts, "not readable: \(decodingProblem(error))", remedy: "Give one JSON string a line.")
            }
        }
        while readLine() != nil {
            var tokens = 0
            let time = seconds { for text in texts { tokens += tokenizer.encode(text).count } }
            print(String(decoding: try JSONEncoder().encode(Timing(seconds: time, tokens: tokens)), as: UTF8.self))
            fflush(nil)
        }
    }
}
