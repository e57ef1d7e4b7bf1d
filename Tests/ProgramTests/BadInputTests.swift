import Foundation
import T2Core
import T2Formats
import Testing

@Suite("t2 says what is wrong, and leaves everything as it was")
struct BadInputTests {
    /// One way to break a model folder, and what a person then reads.
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let status: Int32
        let message: [String]
        let apply: @Sendable (ProgramFixture) throws -> Void
    }

    static let damages = [
        Damage(testDescription: "no model folder", status: 66, message: ["no such folder", "config.json"]) {
            try FileManager.default.removeItem(atPath: $0.model)
        },
        Damage(
            testDescription: "no weights", status: 66, message: ["has no model.safetensors", "it holds config.json"]
        ) {
            try FileManager.default.removeItem(atPath: $0.model + "/model.safetensors")
        },
        Damage(
            testDescription: "truncated weights", status: 65, message: ["model.safetensors", "truncated", "expected"]
        ) {
            let weights = try #require(FileHandle(forUpdatingAtPath: $0.model + "/model.safetensors"))
            try weights.truncate(atOffset: try weights.seekToEnd() - 100)
        },
        Damage(
            testDescription: "weights of other shapes", status: 65,
            message: ["mlp.", "has shape [56, 32]", "expected [64, 32]"]
        ) {
            try $0.edit("config.json", #""intermediate_size": 56"#, #""intermediate_size": 64"#)
        },
        Damage(testDescription: "a NaN among the weights", status: 65, message: ["model.safetensors", "NaN", "finite"])
        {
            let weights = try #require(FileHandle(forUpdatingAtPath: $0.model + "/model.safetensors"))
            try weights.seek(toOffset: try weights.seekToEnd() - 4)
            try weights.write(contentsOf: withUnsafeBytes(of: Float.nan) { Data($0) })
        },
        Damage(
            testDescription: "a tokenizer with more tokens than the model", status: 65,
            message: ["tokenizer.json", "largest identifier is 95", "of 90"]
        ) {
            try $0.edit("config.json", #""vocab_size": 96"#, #""vocab_size": 90"#)
        },
        Damage(
            testDescription: "a model of an unknown family", status: 65,
            message: ["config.json", "model_type is 'gpt2'", "llama, mistral, qwen2"]
        ) {
            try $0.edit("config.json", #""model_type": "llama""#, #""model_type": "gpt2""#)
        },
    ]

    @Test("a damaged model", arguments: damages)
    func damagedModel(damage: Damage) throws {
        let fixture = try ProgramFixture()
        try fixture.writeProblems(2)
        try damage.apply(fixture)
        let arguments = [
            "eval", "--task", "gsm-mini", "--records", fixture.folder.path + "/records", "--model", fixture.model,
        ]
        let run = try fixture.run(arguments)
        #expect(run.status == damage.status)
        expectOneError(run, damage.message)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.path + "/records"))
    }

    @Test("an expert of another model names both digests and writes nothing")
    func foreignExpert() throws {
        let fixture = try ProgramFixture()
        let other = try ProgramFixture("multihead-untied")
        let expert = try other.writeExpert(try other.reference().z, to: "other.safetensors")
        let digests = try [other, fixture].map { try BaseModelFolder(path: $0.model).digest.short }
        let run = try fixture.run(["score", "--model", fixture.model, "--expert", expert, "--input", "-"])
        #expect(run.status == 65)
        expectOneError(run, ["other.safetensors", "another base model"] + digests)
    }

    @Test("an output that cannot be written is refused before the work", arguments: ["/none/g", "", "/input/g"])
    func unwritableOutput(place: String) throws {
        let fixture = try ProgramFixture()
        try fixture.folder.write("", to: "input")
        let output = fixture.folder.path + place
        let run = try fixture.run([
            "gradient", "--model", fixture.model, "--rollouts", "-", "--kl-coefficient", "0", "--kl-direction",
            "policy-reference", "--output", output,
        ])
        #expect(run.status == 73)
        expectOneError(run, [output])
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.path + "/cache"))
    }

    @Test("an output file survives a failure")
    func outputSurvives() throws {
        let fixture = try ProgramFixture()
        let output = try fixture.folder.write("precious", to: "g")
        let run = try fixture.run(
            [
                "gradient", "--model", fixture.model, "--rollouts", "-", "--kl-coefficient", "0", "--kl-direction",
                "policy-reference", "--output", output,
            ], input: #"{"prompt_ids": [3], "completion_ids": [400], "advantage": 1}"#)
        #expect(run.status == 65)
        expectOneError(run, ["standard input:1", "completion_ids[0] is 400", "0 to 95"])
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "precious")
    }

    @Test("a task that does not exist gets the nearest name")
    func unknownTask() throws {
        let fixture = try ProgramFixture()
        let run = try fixture.run(["eval", "--model", fixture.model, "--task", "gsm-mimi"])
        #expect(run.status == 64)
        expectOneError(run, ["gsm-mimi", "Did you mean gsm-mini?"])
    }

    @Test("an empty data set, and none at all")
    func emptyData() throws {
        let fixture = try ProgramFixture()
        let arguments = ["eval", "--model", fixture.model, "--task", "gsm-mini"]
        let absent = try fixture.run(arguments)
        #expect(absent.status == 66)
        expectOneError(absent, ["data/gsm-mini/test.jsonl", "No such file"])
        try fixture.writeProblems(0)
        let empty = try fixture.run(arguments)
        #expect(empty.status == 65)
        expectOneError(empty, ["data/gsm-mini/test.jsonl", "empty"])
    }

    @Test("a prompt longer than the context")
    func longPrompt() throws {
        let fixture = try ProgramFixture()
        let prompt = String(repeating: "a", count: 256)
        let generate = try fixture.run(["generate", "--model", fixture.model, "--prompt", prompt])
        #expect(generate.status == 65)
        expectOneError(generate, ["256"])
        let score = try fixture.run(
            ["score", "--model", fixture.model, "--input", "-"], input: "{\"text\": \"\(prompt)a\"}\n")
        #expect(score.status == 65)
        expectOneError(score, ["standard input:1", "257", "256"])
        let problem = #"{"id": "0", "topic": "t", "prompt": "\#(prompt)", "answer": "1"}"#
        try fixture.folder.write(problem + "\n", to: "data/gsm-mini/test.jsonl")
        let evaluation = try fixture.run(["eval", "--model", fixture.model, "--task", "gsm-mini"])
        #expect(evaluation.status == 65)
        expectOneError(evaluation, ["problem 0", "256"])
    }

    @Test(
        "a wrong line is named, and those before it are answered",
        arguments: [
            ("{\"ids\": [3", "not valid JSON"), ("{\"ids\": [1e300]}", "a number that is out of range"),
            ("{\"ids\": [99999999999999999999]}", "a number that is out of range"),
            ("{\"ids\": [1.5]}", "not whole where it must be"), ("{\"ids\": [1e999]}", "a number that is out of range"),
            ("{\"ids\": [3, 96]}", "ids[1] is 96"), ("{\"ids\": [-1]}", "ids[0] is -1"),
            ("{}", "one of the two"), ("{\"ids\": \"3\"}", "ids"), ("[3]", "expected"),
        ])
    func wrongLine(line: String, message: String) throws {
        let fixture = try ProgramFixture()
        let run = try fixture.run(
            ["score", "--model", fixture.model, "--input", "-"], input: "{\"ids\": [3, 4]}\n\n\(line)\n{\"ids\": [5]}\n"
        )
        #expect(run.status == 65)
        #expect(run.errors.hasPrefix("error: standard input:3: "))
        #expect(run.errors.contains(message))
        #expect(try run.objects().count == 1)
    }

    @Test("an unknown flag is wrong usage")
    func unknownFlag() throws {
        let fixture = try ProgramFixture()
        let run = try fixture.run(["inspect", "--model", fixture.model, "--jsn"])
        #expect(run.status == 64 && run.output == "")
        #expect(run.errors.contains("--jsn"))
    }

    @Test(
        "values that no option can have are wrong usage",
        arguments: [
            ["--temperature", "-1"], ["--temperature", "nan"], ["--max-tokens", "0"], ["--top-k", "5"],
            ["--temperature", "1", "--top-p", "1.5"], ["--temperature", "1", "--top-k", "0"],
        ])
    func impossibleValues(values: [String]) throws {
        let fixture = try ProgramFixture()
        let run = try fixture.run(["generate", "--model", fixture.model, "--prompt", "a"] + values)
        #expect(run.status == 64 && run.output == "")
        #expect(values.contains { $0.hasPrefix("--") && run.errors.contains($0) })
    }

    @Test("a task of programs without a working sandbox is refused before the model is loaded")
    func noSandbox() throws {
        let fixture = try ProgramFixture()
        try fixture.writePrograms(1)
        try fixture.folder.writeExecutable(
            "#!/bin/sh\necho No permissions to create a namespace >&2\nexit 1\n", to: "bwrap")
        let run = try fixture.run(["eval", "--model", fixture.model, "--task", "mbpp-mini"], searching: fixture.folder)
        #expect(run.status == 69)
        expectOneError(run, ["sandbox", "No permissions to create a namespace", "user namespaces"])
    }

    /// One message, on standard error alone, and nothing of a crash.
    private func expectOneError(_ run: ProgramRun, _ parts: [String], _ location: SourceLocation = #_sourceLocation) {
        #expect(run.output == "", sourceLocation: location)
        #expect(run.errors.hasPrefix("error: "), sourceLocation: location)
        #expect(run.errors.split(separator: "\n").count == 1, sourceLocation: location)
        for part in parts {
            #expect(run.errors.contains(part), "'\(run.errors)' should name \(part)", sourceLocation: location)
        }
    }
}
