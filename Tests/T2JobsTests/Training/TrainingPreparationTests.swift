import Foundation
import T2Jobs
import T2Core
import T2Formats
import T2TestSupport
import T2Text
import Testing

struct TrainingPreparationTests {
    /// A complete model folder of the smallest size, a task's data, and a place for the run.
    final class Files: Sendable {
        let folder: TemporaryFolder
        let model: TinyModel
        var data: String { folder.path + "/data/gsm-mini" }

        init(contextLength: Int = 64) throws {
            folder = try TemporaryFolder()
            model = try TinyModel(layers: 1, contextLength: contextLength)
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            try write("train", prompts: [String](repeating: "Add", count: 30))
            try write("valid", prompts: [String](repeating: "Add", count: 5))
        }

        deinit { model.remove() }

        /// Problems `train-0`, `train-1` and so on; each letter of a prompt is a token.
        func write(_ split: String, task: String = "gsm-mini", prompts: [String]) throws {
            let lines = prompts.enumerated().map {
                #"{"id": "\#(split)-\#($0)", "topic": "t", "prompt": "\#($1)", "answer": "1", "#
                    + #""program_prefix": "", "tests": ["assert True"]}"#
            }
            let file = "\(folder.path)/data/\(task)/\(split).jsonl"
            try FileManager.default.createDirectory(
                atPath: parentFolder(of: file), withIntermediateDirectories: true)
            try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: file)
        }

        func prepare(_ settings: [String] = []) throws -> TrainingPreparation {
            let paths = ["model=\(model.path)", "data=\(folder.path)/data", "max-tokens=32"]
            let assignments = try (paths + settings).map { try ConfigurationSource.Assignment(setting: $0) }
            return try TrainingPreparation(
                ConfigurationSource(file: nil, assignments: assignments), name: "run",
                checkPrerequisites: { _ in ["run folder"] },
                singularValues: { _, layout in layout.entries.map { [Float](repeating: 1, count: $0.count) } })
        }
    }

    @Test("a run is ready with its layout, its data and its plan, and nothing is made")
    func ready() throws {
        let files = try Files()
        let before = try FileManager.default.contentsOfDirectory(atPath: files.folder.path)
        let preparation = try files.prepare(["prompts-per-step=16", "prompts-per-unit=4", "steps=12"])
        let definition = preparation.definition
        #expect(definition.name == "run")
        #expect(definition.layout.count == 24 + 16 + 16 + 24 + 24 + 24 + 24)
        #expect(definition.training.count == 30)
        #expect(definition.validation.count == 5)
        let plan = preparation.plan.joined(separator: "\n")
        #expect(plan.contains("30 to train on, 5 of 5 to validate"))
        #expect(plan.contains("16 prompts x 1 = 16 sequences in 4 units, at most 512 new tokens"))
        #expect(plan.contains("3, at steps 0, 10, 12, each of 5 problems in 2 units"))
        #expect(plan.contains("z to each worker, 608 bytes; a gradient back from each unit, 4 x 608 bytes = 2.4 KiB"))
        #expect(
            plan.contains(
                "checked      run folder; tokenizer; 35 prompts: the longest with its completion has 35 of 64 tokens; "
                    + "11 weights, all finite"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.folder.path) == before)
    }

    @Test("the sigmoid parameterisation gets the singular values, the direct one does not ask")
    func sigmoid() throws {
        let files = try Files()
        #expect(try files.prepare(["parameterisation=sigmoid"]).definition.parameterisation.name == "sigmoid")
        #expect(try files.prepare().definition.parameterisation.name == "direct")
    }

    @Test("data is looked for beside the model itself, not beside a link to it")
    func linkedModel() throws {
        let files = try Files()
        let real = files.folder.path + "/base"
        try FileManager.default.copyItem(atPath: files.model.path, toPath: real)
        let links = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: links.path + "/link", withDestinationPath: real)
        let assignments = try ["model=\(links.path)/link", "max-tokens=32"].map {
            try ConfigurationSource.Assignment(setting: $0)
        }
        let preparation = try TrainingPreparation(
            ConfigurationSource(file: nil, assignments: assignments), name: "run", checkPrerequisites: { _ in [] },
            singularValues: { _, _ in [] })
        #expect(preparation.definition.training.count == 30)
    }

    @Test("an unknown task is refused with the nearest one")
    func unknownTask() throws {
        let files = try Files()
        let error = #expect(throws: InputError.self) { _ = try files.prepare(["task=gsm-mimi"]) }
        #expect(error?.description.contains("Did you mean gsm-mini?") == true)
        #expect(error?.exitStatus == .usage)
    }

    @Test("a base model that is not there is no input")
    func missingModel() throws {
        let files = try Files()
        let error = #expect(throws: InputError.self) { _ = try files.prepare(["model=/nowhere"]) }
        #expect(error?.description.hasPrefix("/nowhere: no such folder") == true)
        #expect(error?.exitStatus == .noInput)
    }

    @Test("a weight of another shape than config.json says is refused, adapted or not")
    func wrongShape() throws {
        let files = try Files()
        try files.model.editConfiguration(#""vocab_size": 50"#, #""vocab_size": 52"#)
        let error = #expect(throws: SafetensorsError.self) { _ = try files.prepare() }
        #expect(
            error?.description.contains("'model.embed_tokens.weight' has shape [50, 24], expected [52, 24]") == true)
        #expect(error?.exitStatus == .data)
    }

    @Test("a NaN in a weight that no expert adapts is refused")
    func nonFiniteWeight() throws {
        let files = try Files()
        try files.model.spoil("model.norm.weight", with: .nan)
        let error = #expect(throws: InputError.self) { _ = try files.prepare(["target-modules=mlp"]) }
        #expect(error?.description.contains("tensor 'model.norm.weight' holds a NaN or an infinity") == true)
    }

    @Test("a tokenizer with more tokens than the model is refused")
    func foreignTokenizer() throws {
        let files = try Files()
        try files.model.editConfiguration(#""vocab_size": 50"#, #""vocab_size": 40"#)
        let error = #expect(throws: InputError.self) { _ = try files.prepare() }
        #expect(error?.description.contains("tokenizer.json: its largest identifier is 49") == true)
        #expect(error?.exitStatus == .data)
    }

    @Test("an empty data set is refused, naming the file", arguments: ["train", "valid"])
    func emptyData(split: String) throws {
        let files = try Files()
        try AtomicFile.write("", to: "\(files.data)/\(split).jsonl")
        let error = #expect(throws: InputError.self) { _ = try files.prepare() }
        #expect(error?.description.contains("\(split).jsonl: the data set is empty") == true)
    }

    @Test("max-tokens beyond the model's context is refused")
    func context() throws {
        let files = try Files()
        let error = #expect(throws: ConfigurationError.self) { _ = try files.prepare(["max-tokens=64"]) }
        #expect(error?.description.contains("the base model's context of 64 tokens") == true)
    }

    @Test("of several prompts that do not fit, the longest is named, so that its remedy helps with all")
    func longPrompts() throws {
        let files = try Files()
        func text(_ count: Int) -> String { String(repeating: "A", count: count) }
        try files.write("train", prompts: [text(32), text(33), text(40), text(39)])
        let error = #expect(throws: PromptError.self) { _ = try files.prepare() }
        #expect(error == .tooLong(problem: "train-2", tokens: 40, maxTokens: 32, context: 64))
        #expect(error?.description.contains("Lower max-tokens to 24 or less") == true)
        _ = try files.prepare(["max-tokens=24"])
    }

    @Test("validation problems that no evaluation uses may be as long as they like")
    func unusedProblems() throws {
        let files = try Files()
        try files.write("valid", prompts: ["Add", "Add", String(repeating: "A", count: 60)])
        _ = try files.prepare(["validation-problems=2"])
        let error = #expect(throws: PromptError.self) { _ = try files.prepare(["validation-problems=3"]) }
        #expect(error == .tooLong(problem: "valid-2", tokens: 60, maxTokens: 32, context: 64))
    }

    @Test("a prompt that the tokenizer cannot spell is refused")
    func unspeakablePrompt() throws {
        let files = try Files()
        try files.write("train", prompts: ["Add", "123"])
        let error = #expect(throws: PromptError.self) { _ = try files.prepare() }
        #expect(error == .empty(problem: "train-1"))
    }
}
