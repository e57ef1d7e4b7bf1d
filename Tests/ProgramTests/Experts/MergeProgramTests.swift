import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("t2 experts merge")
struct MergeProgramTests {
    /// A model with an expert, and where it is merged.
    private struct Merge {
        let fixture: ProgramFixture
        let expert: String
        var output: String { fixture.folder.path + "/merged" }

        init(_ name: String, where isAdapted: (String) -> Bool = { _ in true }) throws {
            fixture = try ProgramFixture(name)
            let z = try fixture.reference().z.filter { isAdapted($0.key) }
            expert = try fixture.writeExpert(z, to: "expert.safetensors", task: "math")
        }

        func run(_ arguments: [String] = []) throws -> ProgramRun {
            try fixture.run(
                ["experts", "merge", "--model", fixture.model, "--expert", expert, "--output", output] + arguments)
        }

        func score(_ arguments: [String]) throws -> [[Float]] {
            let lines = try fixture.reference().rollouts.map { #"{"ids": \#($0.prompt_ids + $0.completion_ids)}"# }
            let run = try fixture.run(["score", "--input", "-"] + arguments, input: lines.joined(separator: "\n"))
            #expect(run.status == 0 && run.errors == "")
            return try run.objects().map {
                ($0["logprobs"] as? [Any] ?? []).compactMap { ($0 as? Double).map(Float.init) }
            }
        }
    }

    @Test(
        "the merged folder scores as the expert on the base does, and not as the base",
        arguments: ModelFixture.names + ["mistral-window", "qwen2-window", "qwen3-window"], [TargetModules.all, .mlp])
    func sameScores(name: String, targets: TargetModules) throws {
        let merge = try Merge(name) { targets == .all || $0.contains("mlp") }
        let run = try merge.run(["--json"])
        #expect(run.status == 0 && run.errors == "")
        let object = try #require(try run.objects().first)
        let layers = try ModelConfiguration(path: merge.fixture.model + "/config.json").layerCount
        #expect(object["matrices"] as? Int == layers * (targets == .all ? 7 : 3))
        #expect(object["digest"] as? String == (try BaseModelFolder(path: merge.output)).digest.hexadecimal)
        #expect(object["element_types"] as? [String] == ["F32"])
        let merged = try merge.score(["--model", merge.output])
        let adapted = try merge.score(["--model", merge.fixture.model, "--expert", merge.expert])
        let base = try merge.score(["--model", merge.fixture.model])
        #expect(merged == adapted)
        #expect(largestDifference(merged, base) > 1e-2)
    }

    @Test("what the expert leaves alone keeps its bytes, beside a copy of the other files and no trace of the work")
    func rest() throws {
        let merge = try Merge("multihead-untied") { $0.contains("mlp") }
        let generation = #"{"eos_token_id": 1}"#
        try merge.fixture.folder.write(generation, to: "multihead-untied/generation_config.json")
        let template = "additional_chat_templates/rag.jinja"
        try merge.fixture.folder.write("{{ messages }}", to: "multihead-untied/\(template)")
        #expect(try merge.run().status == 0)
        let (base, merged) = (
            try SafetensorsFile(path: merge.fixture.model + "/model.safetensors"),
            try SafetensorsFile(path: merge.output + "/model.safetensors")
        )
        #expect(Set(base.tensors.keys) == Set(merged.tensors.keys))
        for name in base.tensors.keys {
            #expect((try base.floats(of: name) == merged.floats(of: name)) == !name.contains("mlp"))
            #expect(base.tensors[name]?.shape == merged.tensors[name]?.shape)
        }
        #expect(merged.metadata["format"] == "pt")
        #expect(
            merged.metadata["base-model-digest"] == (try BaseModelFolder(path: merge.fixture.model)).digest.hexadecimal)
        let files = try FileManager.default.contentsOfDirectory(atPath: merge.output).sorted()
        #expect(
            files == [
                "additional_chat_templates", "config.json", "generation_config.json", "model.safetensors",
                "tokenizer.json",
            ])
        for file in ["config.json", "generation_config.json", "tokenizer.json", template] {
            let paths = [merge.fixture.model, merge.output].map { $0 + "/" + file }
            #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
        }
        let neighbours = try FileManager.default.contentsOfDirectory(atPath: merge.fixture.folder.path)
        #expect(!neighbours.contains { $0.contains(".tmp-") })
    }

    @Test("--dtype rounds every weight and says so in config.json", arguments: ["float32", "bfloat16", "float16"])
    func elementTypes(name: String) throws {
        let merge = try Merge("grouped-tied")
        let (bits, element): (Int, TensorElement) =
            switch name {
            case "bfloat16": (8, .bfloat16)
            case "float16": (11, .float16)
            default: (24, .float32)
            }
        #expect(try merge.run(["--dtype", name]).status == 0)
        let file = try SafetensorsFile(path: merge.output + "/model.safetensors")
        #expect(file.tensors.values.allSatisfy { $0.element == element })
        let configuration = try String(contentsOfFile: merge.output + "/config.json", encoding: .utf8)
        #expect(configuration.contains(#""dtype": "\#(name)""#))
        #expect(
            try ModelConfiguration(path: merge.output + "/config.json")
                == ModelConfiguration(path: merge.fixture.model + "/config.json"))
        let merged = try merge.score(["--model", merge.output])
        let adapted = try merge.score(["--model", merge.fixture.model, "--expert", merge.expert])
        let difference = largestDifference(merged, adapted)
        #expect(bits == 24 ? difference == 0 : difference > 0 && difference < 40 * pow(2, -Double(bits)))
    }

    @Test("without --dtype each weight keeps its type, in a model of bfloat16 with float32 norms too")
    func keptTypes() throws {
        let merge = try Merge("grouped-tied") { $0.contains("mlp") }
        let idle = try merge.fixture.writeExpert(
            try merge.fixture.reference().z.mapValues { $0.map { _ in 1 } }, to: "idle.safetensors")
        let half = merge.fixture.folder.path + "/half"
        let rounding = try merge.fixture.run([
            "experts", "merge", "--model", merge.fixture.model, "--expert", idle, "--output", half, "--dtype",
            "bfloat16",
        ])
        #expect(rounding.status == 0)
        let weights = half + "/model.safetensors"
        let files = try [merge.fixture.model + "/model.safetensors", weights].map { try SafetensorsFile(path: $0) }
        let entries = files[0].tensors.sorted { $0.key < $1.key }.map { name, tensor in
            SafetensorsWriter.Entry(
                name: name, element: name.contains("norm") ? .float32 : .bfloat16, shape: tensor.shape)
        }
        try SafetensorsWriter.write(entries, metadata: ["format": "pt"], to: weights) { entry, append in
            try files[entry.element == .float32 ? 0 : 1].withBytes(of: entry.name) { try append($0) }
        }
        let digest = try BaseModelFolder(path: half).digest
        let z = try ExpertFile(path: merge.expert)
        try ExpertFile(description: .init(modelDigest: digest, parameterisation: "direct"), vector: z.vector)
            .write(to: merge.expert)
        let run = try merge.fixture.run([
            "experts", "merge", "--model", half, "--expert", merge.expert, "--output", merge.output, "--json",
        ])
        #expect(run.status == 0 && run.errors == "", "\(run.errors)")
        #expect(try run.objects().first?["element_types"] as? [String] == ["BF16", "F32"])
        let (base, merged) = (
            try SafetensorsFile(path: weights), try SafetensorsFile(path: merge.output + "/model.safetensors")
        )
        for (name, tensor) in base.tensors {
            #expect(merged.tensors[name]?.element == tensor.element)
            let bytes = try [base, merged].map { try $0.withBytes(of: name) { Array($0) } }
            #expect((bytes[0] == bytes[1]) == !name.contains("mlp"))
        }
        #expect(
            FileManager.default.contentsEqual(
                atPath: half + "/config.json", andPath: merge.output + "/config.json"))
        let (scores, wanted) = (
            try merge.score(["--model", merge.output]),
            try merge.score(["--model", half, "--expert", merge.expert])
        )
        #expect(largestDifference(scores, wanted) < 40 * pow(2, -8))
    }

    @Test("an expert of another base model is refused and nothing is made")
    func foreignExpert() throws {
        let (merge, other) = (try Merge("grouped-tied"), try Merge("multihead-untied"))
        let run = try merge.fixture.run([
            "experts", "merge", "--model", merge.fixture.model, "--expert", other.expert, "--output", merge.output,
        ])
        #expect(run.status == 65 && run.errors.contains("another base model"))
        #expect(!FileManager.default.fileExists(atPath: merge.output))
    }

    @Test("an output that exists, or has no place, is refused before the work; what was there stays")
    func output() throws {
        let merge = try Merge("grouped-tied")
        try merge.fixture.folder.write("mine", to: "merged/file")
        let existing = try merge.run()
        #expect(existing.status == 73 && existing.errors.contains("merged: already exists"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: merge.output) == ["file"])
        let placeless = try merge.fixture.run([
            "experts", "merge", "--model", merge.fixture.model, "--expert", merge.expert, "--output",
            merge.fixture.folder.path + "/none/merged",
        ])
        #expect(placeless.status == 73 && placeless.errors.contains("there is no folder"))
        #expect(try merge.run(["--dtype", "int8"]).status == 64)
    }

    @Test("a weight that float16 cannot hold is named, and nothing is left")
    func overflow() throws {
        let merge = try Merge("grouped-tied")
        let z = try merge.fixture.reference().z.mapValues { $0.map { $0 * 1e6 } }
        _ = try merge.fixture.writeExpert(z, to: "expert.safetensors")
        let run = try merge.run(["--dtype", "float16"])
        #expect(run.status == 65 && run.errors.contains("proj.weight: holds values beyond the range of F16"))
        let left = try FileManager.default.contentsOfDirectory(atPath: merge.fixture.folder.path)
        #expect(Set(left) == ["cache", "expert.safetensors", "grouped-tied"])
    }
}
