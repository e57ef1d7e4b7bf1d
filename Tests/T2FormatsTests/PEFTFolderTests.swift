import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("PEFT LoRA folders")
struct PEFTFolderTests {
    private static let model = ModelFixture.folder("grouped-tied")

    private func copy(_ adapter: LoRAFixture.Adapter = .all) throws -> (folder: TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/adapter"
        try FileManager.default.copyItem(atPath: LoRAFixture.folder("grouped-tied", adapter), toPath: path)
        return (folder, path)
    }

    private func edit(_ path: String, _ key: String, _ value: String) throws {
        let file = path + "/adapter_config.json"
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file))) as? [String: Any])
        object[key] = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
        try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: file))
    }

    @Test("what peft saved is read: names, ranks, scales, half precision")
    func reading() throws {
        let all = try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all))
        #expect(all.layout.matrices.count == 14 && all.configuration.rank == 3 && all.configuration.alpha == 5)
        #expect(all.layout.matrices.allSatisfy { $0.rank == 3 && $0.scale == Float(5.0 / 3) })
        #expect(
            all.description.modelDigest == nil && all.description.step == nil
                && all.configuration.baseModel == "grouped-tied")
        let model = try BaseModelFolder(path: Self.model)
        #expect(
            all.layout.expertLayout
                == LoRALayout(model: model.configuration, targets: .all, rank: 3, alpha: 5).expertLayout)
        let some = try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .some), for: model)
        #expect(some.layout.matrices.map(\.kind) == [.query, .value] && some.layout.matrices.map(\.layer) == [1, 1])
        #expect(some.layout.matrices.map(\.rank) == [4, 2])
        #expect(some.layout.matrices.map(\.scale) == [Float(6 / 4.0.squareRoot()), Float(9 / 2.0.squareRoot())])
        #expect(some.expert(of: model).description.modelDigest == model.digest)
    }

    @Test("a folder that is written reads back equal, under peft's names and shapes, the same bytes twice")
    func writing() throws {
        let folder = try TemporaryFolder()
        let source = try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all))
        let model = try BaseModelFolder(path: Self.model)
        let description = ExpertFile.Description(
            modelDigest: model.digest, task: "gsm-mini", parameterisation: "lora", step: 3, seed: 9,
            measures: ["validation-accuracy": "0.5"])
        let configuration = PEFTConfiguration(
            rank: 3, alpha: 5, targetModules: MatrixKind.allCases.map(\.module), baseModel: "base")
        let written = PEFTFolder(
            configuration: configuration, description: description, layout: source.layout, vector: source.vector)
        let path = folder.path + "/expert-best"
        try written.write(to: path)
        let read = try PEFTFolder(path: path, for: model)
        #expect(read.description == description && read.layout == source.layout)
        #expect(read.parameters == written.parameters)
        #expect(largestDifference(read.parameters, source.parameters) < 1e-7)
        let ours = try SafetensorsFile(path: path + "/adapter_model.safetensors")
        let theirs = try SafetensorsFile(
            path: LoRAFixture.folder("grouped-tied", .all) + "/adapter_model.safetensors")
        #expect(ours.tensors.mapValues(\.shape) == theirs.tensors.mapValues(\.shape))
        #expect(ours.metadata["format"] == "pt")
        let json = try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: path + "/adapter_config.json"))) as? [String: Any])
        #expect(json["peft_type"] as? String == "LORA" && json["r"] as? Int == 3 && json["lora_alpha"] as? Int == 5)
        #expect((json["target_modules"] as? [String])?.count == 7)
        let names = ["adapter_config.json", "adapter_model.safetensors"]
        let before = try names.map { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\($0)")) }
        try written.write(to: path)
        #expect(try names.map { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\($0)")) } == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == names)
    }

    @Test(
        "a setting that computes more than W + s·B·A is refused by name",
        arguments: [
            ("use_dora", "true"), ("bias", "\"all\""), ("modules_to_save", "[\"lm_head\"]"), ("lora_bias", "true"),
            ("init_lora_weights", "\"pissa\""), ("layer_replication", "[[0, 1]]"), ("some_future_config", "{\"a\": 1}"),
            ("alora_invocation_tokens", "[3]"), ("some_future_number", "3"),
        ])
    func unsupported(key: String, value: String) throws {
        let (folder, path) = try copy()
        try edit(path, key, value)
        let error = #expect(throws: InputError.self) { try PEFTFolder(path: path) }
        #expect(error?.description.contains("'\(key)' is set") == true)
        #expect(error?.description.contains("adapter_config.json") == true)
        withExtendedLifetime(folder) {}
    }

    @Test(
        "a damaged configuration is refused with the key",
        arguments: [
            ("peft_type", "\"IA3\"", "IA3"), ("r", "0", "r is 0"), ("r", "\"many\"", "r:"),
            ("r", "4", "have rank 3, adapter_config.json says 4"),
            ("rank_pattern", "{\"up_proj\": 2}", "mlp.up_proj have rank 3, adapter_config.json says 2"),
            ("lora_alpha", "null", "lora_alpha"), ("alpha_pattern", "{\"(\": 3}", "alpha_pattern"),
            ("alpha_pattern", "{\"q_proj\": 3, \"self_attn.q_proj\": 4}", "alpha_pattern"),
            ("alpha_pattern", "{\"(a|.|.*)*x\": 3}", "'(a|.|.*)*x' repeats too much"),
            ("rank_pattern", "{\".*.*.*.*x\": 3}", "'.*.*.*.*x' repeats too much"),
        ])
    func configuration(key: String, value: String, message: String) throws {
        let (folder, path) = try copy()
        try edit(path, key, value)
        let error = #expect(throws: InputError.self) { try PEFTFolder(path: path) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
        withExtendedLifetime(folder) {}
    }

    @Test("tensors that are missing, foreign, of other shapes or not finite are named")
    func tensors() throws {
        let name = PEFTFolder.prefix + LoRAMatrix.name(layer: 0, kind: .gate, .a)
        func written(_ change: (inout [SafetensorsWriter.Tensor]) -> Void) throws -> any UserFacingError {
            let (folder, path) = try copy()
            let file = try SafetensorsFile(path: path + "/adapter_model.safetensors")
            var tensors = try file.tensors.keys.sorted().map {
                SafetensorsWriter.Tensor(name: $0, shape: file.tensors[$0]!.shape, values: try file.floats(of: $0))
            }
            change(&tensors)
            try SafetensorsWriter.write(tensors, metadata: [:], to: path + "/adapter_model.safetensors")
            defer { withExtendedLifetime(folder) {} }
            do {
                _ = try PEFTFolder(path: path, for: try BaseModelFolder(path: Self.model))
            } catch let error as any UserFacingError { return error }
            throw InputError("test", "nothing was refused", remedy: "")
        }
        func replace(
            _ tensors: inout [SafetensorsWriter.Tensor], shape: [Int], value: Float = 1, name other: String? = nil
        ) {
            let index = tensors.firstIndex { $0.name == name }!
            tensors[index] = .init(
                name: other ?? name, shape: shape,
                values: [Float](repeating: value, count: shape.reduce(1, *)))
        }
        #expect(try written { $0.removeAll { $0.name == name } }.description.contains("has no tensor '\(name)'"))
        let cases: [(any UserFacingError, String)] = [
            (try written { replace(&$0, shape: [3, 32], name: "base_model.model.lm_head.lora_A.weight") }, "lm_head"),
            (try written { replace(&$0, shape: [96]) }, "expected [rank, inputs]"),
            (try written { replace(&$0, shape: [2, 32]) }, "expected [outputs, 2]"),
            (try written { replace(&$0, shape: [3, 30]) }, "this model's is [56, 32]"),
            (try written { replace(&$0, shape: [3, 32], value: .nan) }, "a NaN or an infinity"),
            (try written { $0 = [] }, "holds no tensors"),
        ]
        for (error, message) in cases { #expect(error.description.contains(message), "\(error.description)") }
        #expect(cases.allSatisfy { $0.0.exitStatus == .data })
    }

    @Test("an unchanged embedding beside the adapter is left out, and a changed one is named")
    func embeddings() throws {
        let model = try BaseModelFolder(path: Self.model)
        let (folder, path) = try copy()
        let plain = try PEFTFolder(path: path, for: model)
        let weights = path + "/adapter_model.safetensors"
        let file = try SafetensorsFile(path: weights)
        let factors = try file.tensors.keys.sorted().map {
            SafetensorsWriter.Tensor(name: $0, shape: file.tensors[$0]!.shape, values: try file.floats(of: $0))
        }
        let table = try model.file(
            ofChecked: model.embeddingName, shape: [model.configuration.vocabularySize, model.configuration.hiddenSize])
        let values = try table.floats(of: model.embeddingName, widens: true)
        func read(_ name: String, _ values: [Float], columns: Int) throws -> PEFTFolder {
            let tensor = SafetensorsWriter.Tensor(
                name: PEFTFolder.prefix + name, shape: [values.count / columns, columns], values: values)
            try SafetensorsWriter.write(factors + [tensor], metadata: file.metadata, to: weights)
            return try PEFTFolder(path: path, for: model)
        }
        let columns = model.configuration.hiddenSize
        for name in ["model.embed_tokens.weight", "lm_head.weight"] {
            #expect(try read(name, values, columns: columns).vector == plain.vector)
            for (other, problem) in [
                (values.dropLast() + [values.last! + 1], "differs from that of the base model"),
                (values + [Float](repeating: 0, count: columns), "has shape"),
            ] {
                let error = #expect(throws: InputError.self) { try read(name, Array(other), columns: columns) }
                #expect(error?.description.contains("'\(PEFTFolder.prefix + name)' \(problem)") == true)
            }
        }
        withExtendedLifetime(folder) {}
    }

    @Test("a truncated file, a missing file, a pickle and a folder of something else are refused")
    func files() throws {
        let (folder, path) = try copy()
        let weights = URL(fileURLWithPath: path + "/adapter_model.safetensors")
        let data = try Data(contentsOf: weights)
        try data.prefix(data.count - 5).write(to: weights)
        #expect(throws: SafetensorsError.self) { try PEFTFolder(path: path) }
        try FileManager.default.removeItem(at: weights)
        let missing = #expect(throws: InputError.self) { try PEFTFolder(path: path) }
        #expect(missing?.description.contains("adapter_model.safetensors") == true && missing?.exitStatus == .noInput)
        try Data().write(to: URL(fileURLWithPath: path + "/adapter_model.bin"))
        let pickle = #expect(throws: InputError.self) { try PEFTFolder(path: path) }
        #expect(pickle?.description.contains("may run code") == true)
        let other = #expect(throws: InputError.self) { try PEFTFolder(path: folder.path) }
        #expect(other?.description.contains("adapter_config.json") == true)
        #expect(throws: InputError.self) { try ExpertFile(path: LoRAFixture.folder("grouped-tied", .all)) }
    }

    @Test("an adapter that says its base model is refused by any other; one that does not is held against the shapes")
    func otherModel() throws {
        let folder = try TemporaryFolder()
        let other = try BaseModelFolder(path: ModelFixture.folder("multihead-untied"))
        let source = try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all))
        #expect(throws: InputError.self) { try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all), for: other) }
        let mlp = source.layout.matrices.indices.filter { source.layout.matrices[$0].kind.isTarget(of: .mlp) }
        let layout = LoRALayout(mlp.map { source.layout.matrices[$0] })
        let values = mlp.flatMap { index in
            LoRAFactor.allCases.flatMap { source.vector.values[source.layout.range(index, $0)] }
        }
        func write(_ description: ExpertFile.Description?, to name: String) throws -> String {
            try PEFTFolder(
                configuration: source.configuration, description: description ?? .init(modelDigest: nil),
                layout: layout,
                vector: ExpertVector(layout: layout.expertLayout, values: values)
            ).write(to: folder.path + "/" + name)
            return folder.path + "/" + name
        }
        // Both models have feed-forward weights of one shape.
        #expect(try PEFTFolder(path: try write(nil, to: "anonymous"), for: other).layout == layout)
        let digest = try BaseModelFolder(path: Self.model).digest
        let named = try write(
            .init(modelDigest: digest, task: "t", parameterisation: "lora", step: 0, seed: 0), to: "named")
        let error = #expect(throws: InputError.self) { try PEFTFolder(path: named, for: other) }
        #expect(error?.description.contains("another base model") == true)
        #expect(error?.description.contains(digest.short) == true)
    }
}
