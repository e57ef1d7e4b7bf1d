import Foundation
import T2TestSupport
import Testing

@Suite("t2 adapt, and strategies of t2 eval and t2 generate")
struct AdaptationProgramTests {
    private static let tiny = Repository.path + "/experts/tiny"
    private static let small = ["--shots", "4", "--population", "4", "--iterations", "2", "--max-tokens", "40"]

    private func run(_ arguments: [String]) throws -> ProgramRun {
        try ProgramRun(arguments, in: try TemporaryFolder())
    }

    @Test("writes an expert, a trace of every iteration and a summary; the expert answers in t2 eval")
    func adapt() throws {
        let folder = try TemporaryFolder()
        let output = folder.path + "/found.safetensors"
        let found = try run(
            [
                "adapt", "--model", Self.tiny + "/base", "--experts", Self.tiny, "--task", "arcc-mini", "--output",
                output,
                "--json",
            ] + Self.small)
        #expect(found.status == 0, "\(found.errors)")
        let object = try #require(try found.objects().first)
        #expect((object["coefficients"] as? [String: [Double]])?.keys.sorted() == ["code", "math", "reasoning"])
        let trace = try String(contentsOfFile: folder.path + "/found.trace.jsonl", encoding: .utf8)
        #expect(trace.split(separator: "\n").count == 2)
        let evaluation = try run([
            "eval", "--model", Self.tiny + "/base", "--task", "arcc-mini", "--limit", "8", "--expert", output, "--json",
        ])
        let evaluated = try #require(try evaluation.objects().first)
        #expect(evaluation.status == 0 && evaluated["strategy"] as? String == output)
        let again = try run(
            [
                "adapt", "--model", Self.tiny + "/base", "--experts", Self.tiny, "--task", "arcc-mini", "--output",
                folder.path + "/again.safetensors", "--json", "--lanes", "1",
            ] + Self.small)
        #expect(again.status == 0)
        let files = try ["found", "again"].map {
            try Data(contentsOf: URL(fileURLWithPath: folder.path + "/\($0).safetensors"))
        }
        #expect(files[0] == files[1])
    }

    @Test("generate says on standard error, and in its JSON, who decided what")
    func generate() throws {
        let found = try run([
            "generate", "--model", Self.tiny + "/base", "--experts", Self.tiny, "--strategy", "cls-expert", "--json",
            "--prompt",
            "Question: Tom has 3 bags with 4 balls in each. Tom gives 5 to Ann. How many balls does Tom have now?\nAnswer:",
        ])
        #expect(found.status == 0 && found.errors == "cls-expert: math, answered by expert math\n")
        let adaptation = try #require((try found.objects().first)?["adaptation"] as? [String: Any])
        #expect((adaptation["dispatch"] as? [String: Any])?["answer"] as? String == " \\boxed{math}")
    }

    @Test("eval tells how the first pass decided, problem by problem in the records")
    func eval() throws {
        let folder = try TemporaryFolder()
        let records = folder.path + "/records.jsonl"
        let found = try run([
            "eval", "--model", Self.tiny + "/base", "--task", "arcc-mini", "--limit", "12", "--experts", Self.tiny,
            "--strategy",
            "prompt", "--json", "--records", records,
        ])
        #expect(found.status == 0, "\(found.errors)")
        let categories = try #require((try found.objects().first)?["categories"] as? [String: Int])
        #expect(categories.values.reduce(0, +) == 12)
        let first = try #require(try String(contentsOfFile: records, encoding: .utf8).split(separator: "\n").first)
        #expect(first.contains(#""dispatch":{"answer":" \\boxed{"#))
    }

    @Test("eval by few-shot searches the mixture first and reports it")
    func fewShot() throws {
        let found = try run([
            "eval", "--model", Self.tiny + "/base", "--task", "arcc-mini", "--limit", "6", "--experts", Self.tiny,
            "--strategy",
            "few-shot", "--shots", "2", "--max-tokens", "40", "--json",
        ])
        #expect(found.status == 0, "\(found.errors)")
        let coefficients = try #require((try found.objects().first)?["coefficients"] as? [String: [Double]])
        #expect(coefficients.keys.sorted() == ["code", "math", "reasoning"])
        #expect(coefficients.values.allSatisfy { $0.count == 1 && (0...1).contains($0[0]) })
    }

    @Test(
        "refuses what cannot be",
        arguments: [
            (
                ["eval", "--task", "arcc-mini", "--strategy", "cls-experts", "--experts", "TINY"], 64,
                "Did you mean cls-expert?"
            ),
            (["eval", "--task", "arcc-mini", "--strategy", "prompt"], 64, "needs --experts DIR"),
            (["eval", "--task", "arcc-mini", "--experts", "TINY"], 64, "--experts needs --strategy"),
            (
                ["eval", "--task", "arcc-mini", "--strategy", "none", "--expert", "TINY/math.safetensors"], 64,
                "give one of them"
            ),
            (
                ["eval", "--task", "arcc-mini", "--strategy", "prompt", "--experts", "TINY/data"], 66,
                "holds no expert file"
            ),
            (["generate", "--prompt", "x", "--strategy", "few-shot", "--experts", "TINY"], 64, "needs --task NAME"),
            (
                ["adapt", "--experts", "TINY", "--task", "arcc-mini", "--shots", "101", "--output", "o"], 64,
                "there are 100 examples"
            ),
            (
                ["adapt", "--experts", "TINY", "--task", "arcc-mini", "--elite-ratio", "2", "--output", "o"], 64,
                "--elite-ratio is 2"
            ),
            (
                ["adapt", "--experts", "TINY/none.safetensors", "--task", "arcc-mini", "--output", "o"], 66,
                "none.safetensors"
            ),
            (["adapt", "--experts", "TINY/data", "--task", "arcc-mini", "--output", "o"], 66, "holds no expert file"),
            (["adapt", "--experts", "TINY", "--task", "arc-min", "--output", "o"], 64, "Did you mean arc-mini?"),
            (
                ["adapt", "--experts", "TINY", "--task", "arcc-mini", "--output", "/none/o"], 73,
                "there is no folder '/none'"
            ),
        ])
    func refusals(arguments: [String], status: Int32, problem: String) throws {
        let found = try run(
            arguments.map { $0.replacingOccurrences(of: "TINY", with: Self.tiny) } + ["--model", Self.tiny + "/base"])
        #expect(found.status == status && found.output == "")
        #expect(found.errors.contains(problem), "\(found.errors)")
    }

    @Test("experts of another base model are refused, with both digests")
    func foreignExperts() throws {
        let fixture = try ProgramFixture()
        let found = try run([
            "adapt", "--model", fixture.model, "--experts", Self.tiny, "--task", "arcc-mini", "--output", "o",
        ])
        #expect(found.status == 65 && found.errors.contains("another base model"), "\(found.errors)")
    }
}
