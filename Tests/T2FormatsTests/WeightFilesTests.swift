import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("The files of a model's weights")
struct WeightFilesTests {
    /// A folder whose two shards are copies of a fixture's.
    private static func shards() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let source = ModelFixture.folder("mistral-window")
        for name in try FileManager.default.contentsOfDirectory(atPath: source) {
            try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(folder.path)/\(name)")
        }
        return folder
    }

    private static let index = "model.safetensors.index.json"
    private static let first = "model-00001-of-00002.safetensors"
    private static let second = "model-00002-of-00002.safetensors"

    private func map(_ folder: TemporaryFolder) throws -> [String: String] {
        struct Index: Decodable { let weight_map: [String: String] }
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(Self.index)"))
        return try JSONDecoder().decode(Index.self, from: data).weight_map
    }

    private func write(_ map: [String: String], to folder: TemporaryFolder) throws {
        let data = try JSONSerialization.data(withJSONObject: ["weight_map": map])
        try data.write(to: URL(fileURLWithPath: "\(folder.path)/\(Self.index)"))
    }

    private func rewrite(_ path: String, _ change: (inout [SafetensorsWriter.Tensor]) throws -> Void) throws {
        let file = try SafetensorsFile(path: path)
        var tensors = try file.tensors.sorted { $0.key < $1.key }.map { name, tensor in
            SafetensorsWriter.Tensor(name: name, shape: tensor.shape, values: try file.floats(of: name))
        }
        try change(&tensors)
        try SafetensorsWriter.write(tensors, metadata: [:], to: path)
    }

    private func expectError(_ folder: String, _ parts: [String], _ location: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: (any Error).self, sourceLocation: location) { try BaseModelFolder(path: folder) }
        let text = (error as? any UserFacingError)?.description ?? "not for users: \(String(describing: error))"
        for part in parts { #expect(text.contains(part), "\(text)", sourceLocation: location) }
    }

    @Test("are the shards that the index names, whatever their names")
    func shards() throws {
        let folder = try Self.shards()
        let digest = try BaseModelFolder(path: folder.path).digest
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/\(Self.second)", toPath: "\(folder.path)/rest.safetensors")
        try write(map(folder).mapValues { $0 == Self.second ? "rest.safetensors" : $0 }, to: folder)
        #expect(try BaseModelFolder(path: folder.path).digest == digest)
        #expect(try BaseModelFolder.fileNames(path: folder.path).suffix(2) == [Self.first, "rest.safetensors"])
    }

    @Test("must be there, whole")
    func missingShard() throws {
        let folder = try Self.shards()
        let whole = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(Self.second)"))
        try whole.prefix(5000).write(to: URL(fileURLWithPath: "\(folder.path)/\(Self.second)"))
        expectError(folder.path, [Self.second, "truncated"])
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(Self.second)")
        expectError(folder.path, [Self.index, "names the shard \(Self.second), which is missing"])
    }

    @Test("must hold what the index says")
    func wrongIndex() throws {
        let folder = try Self.shards()
        let map = try map(folder)
        let name = try #require(map.first { $0.value == Self.second }?.key)
        try write(map.merging([name: Self.first]) { $1 }, to: folder)
        expectError(
            folder.path, [Self.index, "says that \(Self.first) holds the tensor '\(name)', which is in", Self.second])
        try write(map.merging(["model.extra": Self.first]) { $1 }, to: folder)
        expectError(folder.path, [Self.index, "'model.extra', which has none"])
        try write(map.filter { $0.key != name }, to: folder)
        expectError(folder.path, [Self.index, "does not name the tensor '\(name)', which is in", Self.second])
        try write(map.merging([name: "../\(Self.second)"]) { $1 }, to: folder)
        expectError(folder.path, [Self.index, "expected a .safetensors file beside the index"])
        try write([:], to: folder)
        expectError(folder.path, [Self.index, "names no tensor"])
    }

    @Test("with a damaged shard or index are refused by the file's name, each by its own problem")
    func damagedFiles() throws {
        func expect(_ name: String, _ content: String, _ problem: String...) throws {
            let folder = try Self.shards()
            try content.write(toFile: "\(folder.path)/\(name)", atomically: false, encoding: .utf8)
            expectError(folder.path, [name] + problem)
        }
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4942085904\n"
        try expect(Self.second, pointer, "pointer of Git LFS", "git lfs pull")
        try expect(Self.second, "<!DOCTYPE html>", "the header claims")
        try expect(Self.second, "", "expected 8 bytes, found 0")
        try expect(Self.index, "{\"weight_map\": {", "not a readable index")
        try expect(Self.index, "{\"weight_map\": {\"a\": 1}}", "not a readable index")
        let noFile = try Self.shards()
        try FileManager.default.removeItem(atPath: "\(noFile.path)/\(Self.first)")
        try FileManager.default.createDirectory(
            atPath: "\(noFile.path)/\(Self.first)", withIntermediateDirectories: false)
        expectError(noFile.path, [Self.first, "cannot read: Is a directory"])
    }

    @Test("hold each tensor once")
    func duplicate() throws {
        let folder = try Self.shards()
        let name = "model.norm.weight"
        let holder = try #require(try map(folder)[name])
        try rewrite("\(folder.path)/\(holder == Self.first ? Self.second : Self.first)") {
            $0.append(.init(name: name, shape: [16], values: [Float](repeating: 1, count: 16)))
        }
        expectError(folder.path, ["holds the tensor '\(name)', and so does", Self.first, Self.second])
        let other = try Self.shards()
        try FileManager.default.copyItem(
            atPath: "\(other.path)/\(Self.first)", toPath: other.path + "/model.safetensors")
        expectError(other.path, [Self.index, "the folder has the weights twice"])
    }

    @Test(
        "with weights that the architecture does not have are refused",
        arguments: [
            "self_attn.q_proj.bias", "self_attn.q_norm.weight", "mlp.experts.0.gate_proj.weight",
            "pre_feedforward_layernorm.weight",
        ])
    func unknownWeights(name: String) throws {
        let model = try TinyModel()
        defer { model.remove() }
        let full = "model.layers.1.\(name)"
        try rewrite(model.weightsPath) { $0.append(.init(name: full, shape: [1], values: [1])) }
        expectError(model.path, ["'\(full)'", "model_type llama", "does not have"])
    }

    @Test("may hold tables of frequencies, and tensors that are no parameters")
    func unusedTensors() throws {
        let model = try TinyModel()
        defer { model.remove() }
        try rewrite(model.weightsPath) {
            $0.append(.init(name: "model.layers.0.self_attn.rotary_emb.inv_freq", shape: [1], values: [1]))
            $0.append(.init(name: "optimizer.step", shape: [1], values: [1]))
        }
        try BaseModelFolder(path: model.path).checkWeights()
    }

    @Test("of a tied model may hold the table under either name, or the same one under both")
    func tied() throws {
        let model = try TinyModel()
        defer { model.remove() }
        let embedding = "model.embed_tokens.weight"
        #expect(try BaseModelFolder(path: model.path).embeddingName == embedding)
        try rewrite(model.weightsPath) { tensors in
            let table = tensors.first { $0.name == embedding }!
            tensors.append(.init(name: "lm_head.weight", shape: table.shape, values: table.values))
        }
        try BaseModelFolder(path: model.path).checkWeights()
        try rewrite(model.weightsPath) { $0.removeAll { $0.name == embedding } }
        let folder = try BaseModelFolder(path: model.path)
        #expect(folder.embeddingName == "lm_head.weight")
        try folder.checkWeights()
    }

    @Test("of a tied model with another head, or of an untied one without a head, are refused")
    func untied() throws {
        for isTied in [true, false] {
            let model = try TinyModel(tied: false)
            defer { model.remove() }
            if isTied {
                try model.editConfiguration(#""tie_word_embeddings": false"#, #""tie_word_embeddings": true"#)
            } else {
                try rewrite(model.weightsPath) { $0.removeAll { $0.name == "lm_head.weight" } }
            }
            expectError(model.path, ["'lm_head.weight'", "tie_word_embeddings", isTied ? "differ" : "has no tensor"])
        }
    }

    @Test("under other names, or behind a pointer of Git LFS, are refused as such")
    func otherModel() throws {
        let model = try TinyModel()
        defer { model.remove() }
        try rewrite(model.weightsPath) { tensors in
            tensors = tensors.map { .init(name: "language_" + $0.name, shape: $0.shape, values: $0.values) }
        }
        expectError(
            model.path, ["has no tensor 'model.embed_tokens.weight'; its weights hold for example 'language_model."])
        try Data("version https://git-lfs.github.com/spec/v1\n".utf8).write(
            to: URL(fileURLWithPath: model.weightsPath))
        expectError(model.path, ["model.safetensors", "it is a pointer of Git LFS"])
    }

    @Test(
        "are missed by name, with what the folder holds instead",
        arguments: [
            ("model-00001-of-00002.safetensors", "a part of the weights, and no model.safetensors.index.json"),
            ("model.fp16.safetensors", "rename it to model.safetensors"),
            ("tf_model.h5", "in a format that t2 does not read"),
            ("notes.txt", "has no model.safetensors; it holds config.json, notes.txt, tokenizer.json"),
        ])
    func missingWeights(name: String, problem: String) throws {
        let model = try TinyModel()
        defer { model.remove() }
        try FileManager.default.moveItem(atPath: model.weightsPath, toPath: "\(model.path)/\(name)")
        expectError(model.path, [name, problem])
    }

    @Test("that are quantised are refused as such")
    func quantised() throws {
        let name = "model.layers.0.mlp.up_proj"
        let model = try TinyModel()
        defer { model.remove() }
        let whole = try Data(contentsOf: URL(fileURLWithPath: model.weightsPath))
        try rewrite(model.weightsPath) { tensors in
            tensors.removeAll { $0.name == name + ".weight" }
            tensors.append(.init(name: name + ".qweight", shape: [1], values: [1]))
        }
        expectError(model.path, ["the weights are quantised", "'\(name).qweight' instead of '\(name).weight'"])
        // A header of the same length, whose types have as many bits.
        let text = String(decoding: whole, as: Unicode.ASCII.self)
        #expect(text.contains("F32"))
        for type in ["I32", "U32"] {
            var bytes = whole
            while let range = bytes.range(of: Data("F32".utf8)) { bytes.replaceSubrange(range, with: Data(type.utf8)) }
            try bytes.write(to: URL(fileURLWithPath: model.weightsPath))
            expectError(model.path, ["the weights are quantised", "elements of type \(type)"])
        }
    }

    @Test("in another format are refused by its name")
    func otherFormats() throws {
        let folder = try TemporaryFolder()
        let gguf = try folder.write("GGUF....", to: "model.gguf")
        expectError(gguf, ["is a GGUF file, expected a folder", "scripts/import_gguf"])
        expectError(folder.path, ["has model.gguf and no model.safetensors", "scripts/import_gguf"])
        expectError(try folder.write("text", to: "notes.txt"), ["is a file, expected a folder"])
        for (name, problem) in [
            ("pytorch_model.bin", "has pytorch_model.bin, which may run code"),
            ("consolidated.00.pth", "has consolidated.00.pth, the weights in their maker's own format"),
            ("adapter_config.json", "it is an adapter"),
        ] {
            let other = try TemporaryFolder()
            try other.write("{}", to: "config.json")
            try other.write("", to: name)
            expectError(other.path, [problem, "no model"])
        }
        let model = try TinyModel()
        defer { model.remove() }
        try FileManager.default.moveItem(
            atPath: model.path + "/tokenizer.json", toPath: model.path + "/tokenizer.model")
        expectError(model.path, ["has tokenizer.model and no tokenizer.json", "AutoTokenizer"])
    }
}
