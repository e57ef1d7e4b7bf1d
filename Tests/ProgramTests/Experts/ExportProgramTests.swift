import Foundation
import T2Formats
import T2TestSupport
import Testing

@Suite("t2 experts export")
struct ExportProgramTests {
    /// A model with an SVF expert, texts, and where the expert is exported.
    private struct Export {
        let fixture: ProgramFixture
        let expert: String
        let texts: String

        init(_ name: String = "grouped-tied", where isAdapted: (String) -> Bool = { _ in true }) throws {
            fixture = try ProgramFixture(name)
            let reference = try fixture.reference()
            expert = try fixture.writeExpert(
                reference.z.filter { isAdapted($0.key) }, to: "expert.safetensors", task: "math")
            texts = reference.rollouts.map { #"{"ids": \#($0.prompt_ids + $0.completion_ids)}"# }
                .joined(separator: "\n")
        }

        func output(_ rank: Int) -> String { "\(fixture.folder.path)/rank-\(rank)" }

        func run(rank: Int, _ arguments: [String] = [], input: String = "") throws -> ProgramRun {
            let command = ["experts", "export", expert, "--model", fixture.model, "--lora", "\(rank)"]
            return try fixture.run(command + ["--output", output(rank)] + arguments, input: input)
        }

        /// What is printed as JSON, with the texts as input.
        func description(rank: Int) throws -> [String: Any] {
            let run = try run(rank: rank, ["--input", "-", "--json"], input: texts)
            #expect(run.status == 0 && run.errors == "")
            return try #require(try run.objects().first)
        }

        func scores(_ expert: String?) throws -> [Double] {
            let run = try fixture.run(
                ["score", "--model", fixture.model, "--input", "-"] + (expert.map { ["--expert", $0] } ?? []),
                input: texts)
            #expect(run.status == 0 && run.errors == "")
            return try run.objects().flatMap { ($0["logprobs"] as? [Any] ?? []).compactMap { $0 as? Double } }
        }

        /// ‖B·A‖² of each matrix of the exported folder.
        func squares(rank: Int) throws -> [Double] {
            let shown = try fixture.run(["experts", "show", output(rank), "--json"])
            let matrices = try #require(try shown.objects().first?["matrices"] as? [[String: Any]])
            return matrices.compactMap { $0["change_norm"] as? Double }.map { $0 * $0 }
        }
    }

    @Test(
        "t2 score runs the folder, as far from the expert as the command says",
        arguments: ModelFixture.names + ["mistral-window", "qwen2-window", "qwen3-window"])
    func prediction(name: String) throws {
        let export = try Export(name)
        let told = try #require(try export.description(rank: 2)["log_probability"] as? [String: Double])
        let (expert, adapter, base) = (
            try export.scores(export.expert), try export.scores(export.output(2)), try export.scores(nil)
        )
        for (prefix, scores) in [("", adapter), ("base_", base)] {
            let differences = zip(scores, expert).map { abs($0 - $1) }
            let largest = try #require(differences.max())
            #expect(largest > 1e-2)
            #expect(abs(try #require(told[prefix + "largest"]) - largest) < 1e-5)
            let mean = differences.reduce(0, +) / Double(differences.count)
            #expect(abs(try #require(told[prefix + "mean"]) - mean) < 1e-5)
        }
        #expect(told["tokens"] == Double(expert.count) && expert.count > 10)
    }

    @Test("the share that is kept is that of the factors' norms, and the full rank is the expert itself")
    func shares() throws {
        let export = try Export { $0.contains("mlp") }
        let descriptions = try [1, 8, 32].map { try export.description(rank: $0) }
        let squares = try [1, 8, 32].map { try export.squares(rank: $0) }
        let curve = try #require(descriptions[0]["curve"] as? [[String: Any]])
        #expect(curve.map { $0["rank"] as? Int } == [1, 2, 4, 8, 16, 32])
        // The largest r of 32 terms hold more than r / 32 of their sum.
        for share in curve.dropLast() {
            let rank = try #require(share["rank"] as? Int)
            #expect(try #require(share["least_kept"] as? Double) > 1.2 * Double(rank) / 32)
        }
        for (description, part) in zip(descriptions, squares) {
            let rank = try #require(description["rank"] as? Int)
            let share = try #require(description["share"] as? [String: Any])
            let kept = part.reduce(0, +) / squares[2].reduce(0, +)
            #expect(abs(try #require(share["kept"] as? Double) - kept) < 1e-5)
            let least = try #require(zip(part, squares[2]).map { $0 / $1 }.min())
            #expect(abs(try #require(share["least_kept"] as? Double) - least) < 1e-5)
            #expect(curve.contains { $0["rank"] as? Int == rank && $0["kept"] as? Double == share["kept"] as? Double })
            #expect(description["matrices"] as? Int == part.count)
        }
        let full = try #require(descriptions[2]["log_probability"] as? [String: Double])
        #expect(try #require(full["largest"]) < 1e-4)
        #expect(largestDifference(try export.scores(export.output(32)), try export.scores(export.expert)) < 1e-4)
    }

    @Test("peft is told the kinds of matrices, or the very modules if a kind is changed in some layers only")
    func targetModules() throws {
        let some = ["model.layers.0.mlp.down_proj", "model.layers.1.self_attn.v_proj"]
        let cases: [([String], [String])] = [(["gate_proj", "down_proj"], ["gate_proj", "down_proj"]), (some, some)]
        for (adapted, expected) in cases {
            let export = try Export { name in adapted.contains { name.contains($0) } }
            #expect(try export.run(rank: 3).status == 0)
            let folder = try PEFTFolder(path: export.output(3))
            let path = export.output(3) + "/adapter_config.json"
            let configuration = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
            let content = try #require(configuration as? [String: Any])
            #expect(content["target_modules"] as? [String] == expected)
            #expect(content["r"] as? Int == 3 && content["lora_alpha"] as? Int == 3)
            #expect(content["base_model_name_or_path"] as? String == export.fixture.model)
            #expect(folder.description.task == "math" && folder.description.step == 3)
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: export.output(3))).count == 2)
        }
    }

    @Test("without texts it compares the expert's greedy answers to prompts, and the same command gives the same bytes")
    func answers() throws {
        let export = try Export()
        let run = try export.run(rank: 4, ["--lanes", "2"])
        #expect(run.status == 0 && run.errors == "")
        #expect(run.output.contains("share kept") && run.output.contains("|Δ log p|"))
        let again = try export.fixture.run(
            ["experts", "export", export.expert, "--model", export.fixture.model, "--lora", "4", "--lanes", "1"]
                + ["--output", export.fixture.folder.path + "/again"])
        #expect(again.output == run.output.replacing("rank-4", with: "again"))
        for file in ["adapter_config.json", "adapter_model.safetensors"] {
            let paths = [export.output(4), export.fixture.folder.path + "/again"].map { "\($0)/\(file)" }
            #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
        }
    }

    @Test("what cannot be exported is refused with one clear error, and nothing is made")
    func refused() throws {
        let export = try Export()
        let fixture = export.fixture
        let foreign = try Export("multihead-untied")
        let idle = try fixture.writeExpert(try fixture.reference().z.mapValues { $0.map { _ in 1 } }, to: "idle")
        let lora = LoRAFixture.folder("grouped-tied", .all)
        let output = fixture.folder.path + "/refused"
        let cases: [(expert: String, arguments: [String], status: Int32, message: String)] = [
            (export.expert, ["--lora", "0"], 64, "--lora is 0, expected 1 or more"),
            (export.expert, ["--lora", "17"], 65, "k_proj.weight has 16 singular values. Give a rank from 1 to 16."),
            (export.expert, ["--lora", "4000000000000000000"], 65, "has 16 singular values"),
            (lora, ["--lora", "2"], 65, "is a LoRA adapter already"),
            (foreign.expert, ["--lora", "2"], 65, "another base model"),
            (idle, ["--lora", "2"], 65, "changes no weight"),
            (export.expert, ["--lora", "2", "--input", "/none"], 66, "/none: cannot open"),
            (export.expert, ["--lora", "2", "--input", "-"], 65, "no text of two tokens"),
            (fixture.folder.path + "/none", ["--lora", "2"], 66, "none"),
        ]
        for (expert, arguments, status, message) in cases {
            let run = try fixture.run(
                ["experts", "export", expert, "--model", fixture.model, "--output", output] + arguments)
            #expect(run.status == status && run.errors.contains(message), "\(run.status) \(run.errors)")
            #expect(run.output == "" && !FileManager.default.fileExists(atPath: output))
        }
        let line = try export.run(rank: 2, ["--input", "-"], input: export.texts + "\n{\"ids\": [96]}\n")
        #expect(line.status == 65 && line.errors.contains("ids[0] is 96") && line.output == "")
        #expect(!FileManager.default.fileExists(atPath: export.output(2)))
        let small = try Export { $0.contains("layers.1.mlp.up") }
        try small.fixture.edit(
            "config.json", #""max_position_embeddings": 256"#, #""max_position_embeddings": 16"#)
        let z = try ExpertFile(path: small.expert)
        try ExpertFile(description: .init(modelDigest: nil), vector: z.vector).write(to: small.expert)
        let short = try small.run(rank: 2)
        #expect(short.status == 65 && short.errors.contains("context of 16 tokens"), "\(short.errors)")
        #expect(try small.run(rank: 2, ["--input", "-"], input: #"{"ids": [3, 4, 5]}"#).status == 0)
        try fixture.folder.write("mine", to: "rank-2/file")
        let existing = try export.run(rank: 2)
        #expect(existing.status == 73 && existing.errors.contains("rank-2: already exists"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: export.output(2)) == ["file"])
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
        #expect(!left.contains { $0.contains(".tmp-") })
    }
}
