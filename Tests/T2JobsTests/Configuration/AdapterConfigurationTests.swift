import Foundation
import T2Jobs
import T2Core
import T2Learning
import Testing

@Suite("The adapter of a run")
struct AdapterConfigurationTests {
    @Test("LoRA without rank and alpha gets 16 and twice the rank, which are written down; SVF has neither")
    func defaults() throws {
        let resolved = try ConfigurationTests.resolve("adapter: lora\n")
        #expect(resolved.configuration.rank == 16 && resolved.configuration.alpha == 32)
        let yaml = try resolved.yaml()
        #expect(yaml.contains("adapter: lora\nrank: 16\nalpha: 32\n"))
        #expect(try ConfigurationTests.resolve(yaml).configuration == resolved.configuration)
        let given = try ConfigurationTests.resolve("adapter: lora\nrank: 4\n").configuration
        #expect(given.rank == 4 && given.alpha == 8)
        let other = try ConfigurationTests.resolve("adapter: lora\nalpha: 2.5\n").configuration
        #expect(other.rank == 16 && other.alpha == 2.5)
        let svf = try ConfigurationTests.resolve("steps: 3\n")
        #expect(svf.configuration.adapter == .svf && svf.configuration.rank == nil)
        #expect(try !svf.yaml().contains("rank"))
    }

    @Test("the learning rate of each adapter is its own unless one is given")
    func learningRate() throws {
        #expect(try ConfigurationTests.resolve("adapter: lora\n").configuration.learningRate == 3e-4)
        #expect(try ConfigurationTests.resolve("adapter: svf\n").configuration.learningRate == 1e-2)
        let given = try ConfigurationTests.resolve(
            "learning-rate: 5e-4\n", [ConfigurationTests.flag("adapter", "lora")])
        #expect(given.configuration.learningRate == 5e-4)
    }

    @Test("a configuration saved before there were adapters is one of SVF")
    func older() throws {
        let old = try JSONDecoder().decode(RunConfiguration.self, from: Data(#"{"steps": 7}"#.utf8))
        #expect(old.adapter == .svf && old.rank == nil && old.alpha == nil)
    }

    @Test("a LoRA run is ready with its layout and its start; nothing is decomposed for it")
    func ready() throws {
        let files = try TrainingPreparationTests.Files()
        let assignments = try [
            "model=\(files.model.path)", "data=\(files.folder.path)/data", "max-tokens=32", "adapter=lora", "rank=2",
            "alpha=3", "target-modules=mlp", "prompts-per-step=16", "prompts-per-unit=4",
        ].map { try ConfigurationSource.Assignment(setting: $0) }
        let preparation = try TrainingPreparation(
            ConfigurationSource(file: nil, assignments: assignments), name: "run", checkPrerequisites: { _ in [] },
            singularValues: { _, _ in
                Issue.record("LoRA needs no singular values")
                return []
            })
        let definition = preparation.definition
        // Three matrices of 24 × 40.
        #expect(definition.layout.count == 3 * 2 * (24 + 40))
        #expect(definition.parameterisation.lora?.matrices.allSatisfy { $0.scale == 1.5 } == true)
        let start = try definition.start()
        #expect(start.parameters.contains { $0 != 0 } && start.layout == definition.layout)
        let plan = preparation.plan.joined(separator: "\n")
        #expect(plan.contains("LoRA: 384 values in 3 matrices (mlp), rank 2, scale alpha/rank = 1.5"), "\(plan)")
        #expect(plan.contains("A and B to each worker, 1.5 KiB; a gradient back from each unit, 4 x 1.5 KiB = 6.0 KiB"))
    }

    @Test(
        "keys that do not go together, or not with the model, are refused",
        arguments: [
            (["rank=2"], "adapter is svf"), (["alpha=2"], "adapter is svf"),
            (["adapter=lora", "rank=17"], "rank: expected 1 to 16"),
            (["adapter=lora", "rank=0"], "rank: expected 1 to 16"),
            (["adapter=lora", "alpha=0"], "alpha: expected a number above 0"),
            (["adapter=lora", "parameterisation=sigmoid"], "adapter lora does not have"),
        ])
    func refused(settings: [String], message: String) throws {
        let files = try TrainingPreparationTests.Files()
        let error = #expect(throws: ConfigurationError.self) { try files.prepare(settings) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
    }

    @Test("all problems are told at once")
    func several() throws {
        let files = try TrainingPreparationTests.Files()
        let error = #expect(throws: ConfigurationError.self) {
            try files.prepare(["adapter=lora", "rank=99", "alpha=-1", "parameterisation=sigmoid"])
        }
        #expect(error?.problems.count == 3)
    }

    @Test("factors too large for a message are refused before anything starts")
    func tooLarge() throws {
        let model = ModelConfiguration(
            vocabularySize: 100, hiddenSize: 8192, intermediateSize: 28672, layerCount: 80, headCount: 64,
            keyValueHeadCount: 8, headSize: 128, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: 64,
            tiedEmbeddings: true, beginningOfSequence: nil, endOfSequence: [0])
        let large = try ConfigurationTests.resolve("adapter: lora\n")
        let error = #expect(throws: ConfigurationError.self) { try large.checkAdapter(of: model) }
        #expect(error?.description.contains("a message holds 256.0 MiB") == true)
        try ConfigurationTests.resolve("adapter: lora\nrank: 1\n").checkAdapter(of: model)
    }
}
