import Foundation
import T2TestSupport
import Testing

@Suite("t2 tokenize and t2 generate")
struct TextTests {
    @Test("tokenize adds no special tokens, decode is its reverse")
    func roundTrip() throws {
        let fixture = try ProgramFixture()
        let texts = ["Answer:42", "", "<|eos|>x"]
        let input = try texts.map { String(decoding: try JSONEncoder().encode(["text": $0]), as: UTF8.self) + "\n" }
            .joined()
        let tokens = try fixture.run(["tokenize", "--model", fixture.model], input: input)
        #expect(tokens.status == 0)
        let ids = try tokens.objects().compactMap { $0["ids"] as? [Int] }
        #expect(ids.map(\.count) == [9, 0, 2])
        #expect(ids[2][0] == 1)
        let back = try fixture.run(["tokenize", "--model", fixture.model, "--decode"], input: tokens.output)
        #expect(try back.objects().compactMap { $0["text"] as? String } == texts)
    }

    @Test("the streamed text is the JSON object's text, and the same seed gives it again")
    func generation() throws {
        let fixture = try ProgramFixture()
        let arguments = [
            "generate", "--model", fixture.model, "--prompt", "abc", "--max-tokens", "40", "--temperature", "1.3",
            "--top-k",
            "50", "--top-p", "0.95",
        ]
        let streamed = try fixture.run(arguments + ["--seed", "5"])
        let object = try #require(try fixture.run(arguments + ["--seed", "5", "--json"]).objects().first)
        let text = try #require(object["text"] as? String)
        #expect(streamed.status == 0)
        #expect(streamed.output == text + (text.hasSuffix("\n") ? "" : "\n"))
        #expect((object["prompt_ids"] as? [Int])?.count == 3)
        let ids = try #require(object["ids"] as? [Int])
        #expect(!ids.isEmpty && (object["logprobs"] as? [Double])?.count == ids.count)
        let other = try fixture.run(arguments + ["--seed", "6"])
        #expect(other.output != streamed.output)
    }

    @Test("greedy generation has the log-probabilities that t2 score gives")
    func generationAgreesWithScore() throws {
        let fixture = try ProgramFixture("multihead-untied")
        let expert = try fixture.writeExpert(try fixture.reference().z, to: "z.safetensors")
        let shared = ["--model", fixture.model, "--expert", expert]
        let generated = try #require(
            try fixture.run(["generate", "--prompt", "-", "--max-tokens", "30", "--json"] + shared, input: "Hello\n")
                .objects().first)
        let prompt = try #require(generated["prompt_ids"] as? [Int])
        #expect(prompt.count == 5)
        let ids = try #require(generated["ids"] as? [Int])
        let scored = try #require(
            try fixture.run(["score", "--input", "-"] + shared, input: "{\"ids\": \(prompt + ids)}").objects().first)
        let found = try #require(scored["logprobs"] as? [Any]).suffix(ids.count)
        let expected = try #require(generated["logprobs"] as? [Double])
        #expect(!ids.isEmpty && expected.count == ids.count)
        #expect(largestDifference(try #require(Array(found) as? [Double]), expected) < 1e-4)
    }

    @Test("a program may write one line and wait for its answer", .timeLimit(.minutes(20)))
    func conversation() throws {
        let fixture = try ProgramFixture()
        let process = Process(t2: ["score", "--model", fixture.model, "--input", "-"], in: fixture.folder)
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        for ids in [[3, 4, 5], [6], []] {
            try input.fileHandleForWriting.write(contentsOf: Data("{\"ids\": \(ids)}\n".utf8))
            var answer = Data()
            while answer.last != UInt8(ascii: "\n") {
                let more = output.fileHandleForReading.availableData
                try #require(!more.isEmpty, "the program ended")
                answer += more
            }
            let object = try #require(try JSONSerialization.jsonObject(with: answer) as? [String: Any])
            #expect(object["ids"] as? [Int] == ids)
            #expect((object["logprobs"] as? [Any])?.count == ids.count)
        }
        try input.fileHandleForWriting.close()
        #expect(process.waitForStatus() == 0)
    }

    @Test("a reader that leaves ends the program quietly; a full disk does not")
    func brokenOutput() throws {
        let fixture = try ProgramFixture()
        let arguments = ["tokenize", "--model", fixture.model]
        let input = try fixture.folder.write("{\"text\": \"abc\"}\n", to: "input")
        let process = Process(t2: arguments, in: fixture.folder)
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle(forReadingAtPath: input)
        process.standardOutput = output
        process.standardError = errors
        try output.fileHandleForReading.close()
        try process.run()
        #expect(process.waitForStatus() == 0)
        try errors.fileHandleForWriting.close()
        #expect(try errors.fileHandleForReading.readToEnd() ?? Data() == Data())

        let full = try ProgramRun(
            arguments, input: "{\"text\": \"abc\"}\n", in: fixture.folder, outputPath: "/dev/full")
        #expect(full.status == 74)
        #expect(full.errors.contains("standard output"))
    }
}
