import Foundation
import T2TestSupport
import Testing

@Suite("t2 compare")
struct ComparisonProgramTests {
    @Test("records of t2 eval are compared, for programs and for people")
    func evaluations() throws {
        let fixture = try ProgramFixture()
        try fixture.writeProblems(40)
        let paths = try ["a", "b"].map { name in
            let path = fixture.folder.path + "/\(name).jsonl"
            let run = try fixture.run([
                "eval", "--model", fixture.model, "--task", "gsm-mini", "--max-tokens", "8", "--temperature", "1",
                "--seed", name == "a" ? "1" : "2", "--records", path,
            ])
            #expect(run.status == 0)
            return path
        }
        // The random model answers nothing; the last three problems of the second are made right by hand.
        var lines = try String(contentsOfFile: paths[1], encoding: .utf8).split(separator: "\n").map(String.init)
        for index in 37..<40 {
            let right = lines[index].replacing(#/"outcome":"(no-answer|cut-off)"/#, with: #""outcome":"right""#)
            #expect(right != lines[index])
            lines[index] = right
        }
        try fixture.folder.write(lines.joined(separator: "\n") + "\n", to: "b.jsonl")
        let object = try #require(try fixture.run(["compare"] + paths + ["--json"]).objects().first)
        #expect(object["n"] as? Int == 40 && object["excluded"] as? Int == 0)
        #expect(object["only_second"] as? Int == 3 && object["both_wrong"] as? Int == 37)
        #expect(object["difference"] as? Double == 0.075)
        #expect(abs(try #require(object["p_value"] as? Double) - 0.25) < 1e-12)
        let text = try fixture.run(["compare"] + paths)
        #expect(text.status == 0 && text.errors == "")
        #expect(text.output.contains("difference  +7.5 points; 95 % interval -1.9 to +19.9"))
        #expect(text.output.contains("McNemar     p = 0.2500, exact, two-sided"))
        #expect(text.output.hasSuffix("first wrong             3            37\n"))
    }

    @Test("other problems, a malformed line and a file that is not there: each by name, with its own exit status")
    func badInput() throws {
        let folder = try TemporaryFolder()
        let a = try folder.write(Self.line("1") + Self.line("2"), to: "a.jsonl")
        let b = try folder.write(Self.line("1") + Self.line("3"), to: "b.jsonl")
        let broken = try folder.write(Self.line("1") + "{\n", to: "broken.jsonl")
        let different = try ProgramRun(["compare", a, b], in: folder)
        #expect(different.status == 65 && different.output == "")
        #expect(different.errors.hasPrefix("error: \(b): has 2 problems and not '2', which is among the 2 of \(a)."))
        let malformed = try ProgramRun(["compare", a, broken], in: folder)
        #expect(malformed.status == 65 && malformed.errors.hasPrefix("error: \(broken):2: "))
        let absent = try ProgramRun(["compare", a, folder.path + "/none"], in: folder)
        #expect(absent.status == 66 && absent.errors.contains("/none"))
        #expect(try ProgramRun(["compare", a], in: folder).status == 64)
    }

    @Test("it explains itself with an example")
    func help() throws {
        let run = try ProgramRun(["compare", "--help"], in: try TemporaryFolder())
        #expect(run.status == 0 && run.output.contains("t2 compare base.jsonl math.jsonl"))
    }

    private static func line(_ id: String) -> String {
        #"{"id":"\#(id)","topic":"t","prompt":"p","completion":"c","tokens":1,"finished":true,"outcome":"right"}"#
            + "\n"
    }
}
