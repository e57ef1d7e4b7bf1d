import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("A PEFT LoRA folder in place of an expert")
struct LoRAProgramTests {
    @Test(
        "t2 score agrees with peft within 1e-4", arguments: ModelFixture.names, LoRAFixture.Adapter.allCases)
    func scores(name: String, adapter: LoRAFixture.Adapter) throws {
        let fixture = try ProgramFixture(name)
        let reference = try fixture.reference()
        let expected = try LoRAFixture(name, adapter).log_probabilities
        let lines = reference.rollouts.map { #"{"ids": \#($0.prompt_ids + $0.completion_ids)}"# + "\n" }
        let run = try fixture.run(
            ["score", "--model", fixture.model, "--expert", LoRAFixture.folder(name, adapter), "--input", "-"],
            input: lines.joined())
        #expect(run.status == 0 && run.errors == "")
        let objects = try run.objects()
        try #require(objects.count == expected.count)
        for (object, values) in zip(objects, expected) {
            let scores = try #require(object["logprobs"] as? [Any])
            let found = try #require(Array(scores.suffix(values.count)) as? [Double])
            #expect(largestDifference(found, values) < 1e-4)
        }
    }

    @Test(
        "t2 experts merge writes a folder that scores as peft does, the weights without LoRA untouched",
        arguments: ModelFixture.names, LoRAFixture.Adapter.allCases)
    func merge(name: String, adapter: LoRAFixture.Adapter) throws {
        let fixture = try ProgramFixture(name)
        let adapterFolder = LoRAFixture.folder(name, adapter)
        let output = fixture.folder.path + "/merged"
        let merging = try fixture.run([
            "experts", "merge", "--model", fixture.model, "--expert", adapterFolder, "--output", output, "--json",
        ])
        #expect(merging.status == 0 && merging.errors == "")
        let lines = try fixture.reference().rollouts.map { #"{"ids": \#($0.prompt_ids + $0.completion_ids)}"# + "\n" }
        let run = try fixture.run(["score", "--model", output, "--input", "-"], input: lines.joined())
        #expect(run.status == 0 && run.errors == "")
        let expected = try LoRAFixture(name, adapter).log_probabilities
        let objects = try run.objects()
        try #require(objects.count == expected.count)
        for (object, values) in zip(objects, expected) {
            let scores = try #require(object["logprobs"] as? [Any])
            let found = try #require(Array(scores.suffix(values.count)) as? [Double])
            #expect(largestDifference(found, values) < 1e-4)
        }
        let folder = try BaseModelFolder(path: fixture.model)
        let layout = try ExpertFile(path: adapterFolder, for: folder).vector.layout
        let adapted = try LoRALayout(layout, of: folder.configuration).matrices.map { $0.kind.name(layer: $0.layer) }
        #expect(try merging.objects().first?["matrices"] as? Int == adapted.count)
        let files = try [fixture.model, output].map { try SafetensorsFile(path: $0 + "/model.safetensors") }
        for tensor in files[0].tensors.keys {
            #expect((try files[0].floats(of: tensor) == files[1].floats(of: tensor)) != adapted.contains(tensor))
        }
    }

    @Test("t2 gradient agrees with PyTorch within 2e-4 for A and B, under peft's names and shapes")
    func gradient() throws {
        let fixture = try ProgramFixture()
        let folder = LoRAFixture.folder(fixture.name, .all)
        let names = try SafetensorsFile(path: folder + "/adapter_model.safetensors").tensors.mapValues(\.shape)
        let lines = try fixture.reference().rollouts.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
        let rollouts = try fixture.folder.write(lines.joined(separator: "\n"), to: "rollouts.jsonl")
        let output = fixture.folder.path + "/gradient.safetensors"
        for expected in try #require(try LoRAFixture(fixture.name, .all).cases) {
            let run = try fixture.run([
                "gradient", "--model", fixture.model, "--expert", folder, "--rollouts", rollouts, "--output", output,
                "--json", "--kl-coefficient", "\(expected.coefficient)", "--kl-direction", expected.direction.rawValue,
                "--temperature", "\(expected.temperature)",
            ])
            #expect(run.status == 0 && run.errors == "")
            let losses = try #require(try run.objects().first as? [String: Double])
            #expect(abs(try #require(losses["loss"]) - expected.loss) < 1e-4 * abs(expected.loss))
            let file = try SafetensorsFile(path: output)
            #expect(file.tensors.mapValues(\.shape) == names)
            let keys = names.keys.sorted()
            let found = try keys.flatMap { try file.floats(of: $0) }
            #expect(relativeError(found, keys.flatMap { expected.gradient[$0] ?? [] }) < 2e-4)
        }
        let adapted = try fixture.run([
            "gradient", "--model", fixture.model, "--expert", folder, "--rollouts", rollouts, "--output", output,
            "--kl-coefficient", "0", "--kl-direction", "policy-reference", "--strategy", "mlp",
        ])
        #expect(adapted.status == 64 && adapted.errors.contains("--strategy"))
    }

    @Test("generate and eval run it, with other answers than the base model's")
    func running() throws {
        let fixture = try ProgramFixture()
        let folder = LoRAFixture.folder(fixture.name, .all)
        try fixture.writeProblems(3)
        let generate = ["generate", "--model", fixture.model, "--prompt", "AbC", "--max-tokens", "12", "--json"]
        let base = try fixture.run(generate).objects().first?["ids"] as? [Int]
        let adapted = try fixture.run(generate + ["--expert", folder])
        #expect(adapted.status == 0 && adapted.errors == "")
        #expect(base != nil)
        #expect(try adapted.objects().first?["ids"] as? [Int] != base)
        let run = try fixture.run([
            "eval", "--model", fixture.model, "--task", "gsm-mini", "--expert", folder, "--max-tokens", "8", "--json",
        ])
        #expect(run.status == 0)
        #expect(try run.objects().first?["strategy"] as? String == folder)
    }

    @Test("show tells the rank, the scale and each matrix's norms, without a base model")
    func show() throws {
        let fixture = try ProgramFixture()
        let folder = LoRAFixture.folder(fixture.name, .some)
        let run = try fixture.run(["experts", "show", folder, "--json"])
        #expect(run.status == 0)
        let object = try #require(try run.objects().first)
        #expect(object["format"] as? String == "peft-lora" && object["rank"] as? Int == 4)
        let matrices = try #require(object["matrices"] as? [[String: Any]])
        #expect(matrices.map { $0["rank"] as? Int } == [4, 2])
        let peft = try PEFTFolder(path: folder)
        for (index, matrix) in peft.layout.matrices.enumerated() {
            // ‖s·B·A‖ with the product formed.
            let a = Array(peft.vector.values[peft.layout.range(index, .a)])
            let b = Array(peft.vector.values[peft.layout.range(index, .b)])
            var sum = 0.0
            for m in 0..<matrix.outputs {
                for n in 0..<matrix.inputs {
                    let value = (0..<matrix.rank).reduce(0.0) {
                        $0 + Double(b[m * matrix.rank + $1]) * Double(a[$1 * matrix.inputs + n])
                    }
                    sum += value * value
                }
            }
            let found = try #require(matrices[index]["change_norm"] as? Double)
            #expect(abs(found - sum.squareRoot()) < 1e-5 * sum.squareRoot())
        }
        let text = try fixture.run(["experts", "show", folder]).output
        #expect(text.contains("rank 4") && text.contains("model.layers.1.self_attn.v_proj.weight"))
    }

    @Test("an adapter of another model, a damaged one, and one in a mixture are refused with status 65")
    func refused() throws {
        let fixture = try ProgramFixture("multihead-untied")
        let foreign = LoRAFixture.folder("grouped-tied", .all)
        let score = ["score", "--model", fixture.model, "--input", "-", "--expert"]
        let other = try fixture.run(score + [foreign])
        #expect(other.status == 65 && other.errors.contains("this model's is [32, 32]"), "\(other.errors)")
        let path = fixture.folder.path + "/damaged"
        try FileManager.default.copyItem(atPath: LoRAFixture.folder(fixture.name, .all), toPath: path)
        let weights = try #require(FileHandle(forUpdatingAtPath: path + "/adapter_model.safetensors"))
        try weights.truncate(atOffset: try weights.seekToEnd() - 8)
        let damaged = try fixture.run(score + [path])
        #expect(damaged.status == 65 && damaged.errors.contains("truncated"), "\(damaged.errors)")
        let empty = try fixture.folder.write("", to: "empty/x")
        let nothing = try fixture.run(score + [parentFolder(of: empty)])
        #expect(nothing.status == 66 && nothing.errors.contains("adapter_config.json"), "\(nothing.errors)")
        let mixed = try fixture.run(["experts", "mix", foreign + "=1", "--output", fixture.folder.path + "/mix"])
        #expect(mixed.status == 65 && mixed.errors.contains("is a folder"), "\(mixed.errors)")
    }
}
