import Foundation
import T2Coordinator
import T2Core
import T2Learning
import Testing

struct RunPreparationTests {
    /// A complete model folder of the smallest size, with a task's data beside it.
    final class Files: Sendable {
        let folder: TestRun.Folder
        var model: String { folder.path + "/base" }
        var data: String { folder.path + "/data/gsm-mini" }

        init(gateShape: [Int] = [12, 8]) throws {
            folder = try TestRun.Folder()
            try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            try AtomicFile.write(
                """
                {"model_type": "llama", "vocab_size": 50, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1,
                 "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 64, "eos_token_id": 0}
                """, to: model + "/config.json")
            try AtomicFile.write("{}", to: model + "/tokenizer.json")
            let shapes: [(String, [Int])] = [
                ("self_attn.q_proj", [8, 8]), ("self_attn.k_proj", [4, 8]), ("self_attn.v_proj", [4, 8]),
                ("self_attn.o_proj", [8, 8]), ("mlp.gate_proj", gateShape), ("mlp.up_proj", [12, 8]),
                ("mlp.down_proj", [8, 12]),
            ]
            try SafetensorsWriter.write(
                shapes.map { name, shape in
                    .init(
                        name: "model.layers.0.\(name).weight", shape: shape,
                        values: [Float](repeating: 0.5, count: shape.reduce(1, *)))
                }, metadata: [:], to: model + "/model.safetensors")
            for (split, count) in [("train", 30), ("valid", 5)] {
                let lines = (0..<count).map {
                    #"{"id": "\#(split)-\#($0)", "topic": "t", "prompt": "p\#($0)", "answer": "1"}"#
                }
                try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: "\(data)/\(split).jsonl")
            }
        }

        func prepare(_ settings: [String] = []) throws -> RunPreparation {
            let assignments = try (["model=\(model)", "max-tokens=32"] + settings).map {
                try ConfigurationSource.Assignment(setting: $0)
            }
            return try RunPreparation(ConfigurationSource(file: nil, assignments: assignments), name: "run") {
                _, layout in
                layout.entries.map { [Float](repeating: 1, count: $0.count) }
            }
        }
    }

    @Test("a run is ready with its layout, its data and its plan")
    func ready() throws {
        let files = try Files()
        let preparation = try files.prepare(["prompts-per-step=16", "prompts-per-unit=4", "steps=12"])
        let definition = preparation.definition
        #expect(definition.layout.count == 8 + 4 + 4 + 8 + 8 + 8 + 8)
        #expect(definition.training.count == 30)
        #expect(definition.validation.count == 5)
        let plan = RunPlan(preparation).lines.joined(separator: "\n")
        #expect(plan.contains("30 to train on, 5 of 5 to validate"))
        #expect(plan.contains("16 prompts x 1 = 16 sequences in 4 units, at most 512 new tokens"))
        #expect(plan.contains("3, at steps 0, 10, 12, each of 5 problems in 2 units"))
        #expect(plan.contains("z to each worker, 192 bytes; a gradient back from each unit, 4 x 192 bytes = 768 bytes"))
    }

    @Test("the sigmoid parameterisation gets the singular values, the direct one does not ask")
    func sigmoid() throws {
        let files = try Files()
        #expect(try files.prepare(["parameterisation=sigmoid"]).definition.parameterisation.kind == .sigmoid)
        #expect(try files.prepare().definition.parameterisation.kind == .direct)
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
        #expect(error?.exitStatus == .noInput)
    }

    @Test("a weight of another shape than config.json says is refused before any worker starts")
    func wrongShape() throws {
        let files = try Files(gateShape: [10, 8])
        let error = #expect(throws: SafetensorsError.self) { _ = try files.prepare() }
        #expect(
            error?.description.contains("'model.layers.0.mlp.gate_proj.weight' has shape [10, 8], expected [12, 8]")
                == true)
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
}
