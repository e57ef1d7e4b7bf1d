import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("A damaged model is refused before anything starts")
struct DamagedModelTests {
    /// One way to break a model folder, and what a person then reads.
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let status: T2Core.ExitStatus
        /// After the path of the model folder.
        let message: String
        let apply: @Sendable (TinyModel) throws -> Void
    }

    static let damages = [
        Damage(
            testDescription: "no model.safetensors", status: .noInput,
            message: ": has no model.safetensors; it holds "
        ) { try FileManager.default.removeItem(atPath: $0.weightsPath) },
        Damage(
            testDescription: "a truncated model.safetensors", status: .data,
            message: ": the file is truncated or was damaged in a copy. Copy or download it again."
        ) { try $0.truncateWeights(by: 1) },
        Damage(
            testDescription: "a weight left out", status: .data,
            message: ": has no tensor 'model.layers.1.mlp.up_proj.weight'; "
        ) { try $0.changeWeights { $0.name == "model.layers.1.mlp.up_proj.weight" ? nil : $0 } },
        Damage(
            testDescription: "weights of other shapes", status: .data,
            message:
                "/model.safetensors: tensor 'model.layers.0.mlp.gate_proj.weight' has shape [40, 24], expected [48, 24]."
        ) { try $0.editConfiguration(#""intermediate_size": 40"#, #""intermediate_size": 48"#) },
        Damage(
            testDescription: "a NaN in a weight that no expert adapts", status: .data,
            message:
                "/model.safetensors: tensor 'model.norm.weight' holds a NaN or an infinity, expected finite weights."
        ) { try $0.spoil("model.norm.weight", with: .nan) },
        Damage(
            testDescription: "an infinity in a weight that experts adapt", status: .data,
            message: "/model.safetensors: tensor 'model.layers.1.mlp.down_proj.weight' holds a NaN or an infinity,"
        ) { try $0.spoil("model.layers.1.mlp.down_proj.weight", with: -.infinity) },
        Damage(
            testDescription: "a tokenizer with more tokens than the model", status: .data,
            message: "/tokenizer.json: its largest identifier is 49, expected at most 39 for the model's vocabulary"
        ) { try $0.editConfiguration(#""vocab_size": 50"#, #""vocab_size": 40"#) },
        Damage(
            testDescription: "a tokenizer without the model's end of sequences", status: .data,
            message:
                "/config.json: names 77 as a token that starts or ends sequences, expected 0 to 49, the identifiers of tokenizer"
        ) { try $0.editConfiguration(#""eos_token_id": 1"#, #""eos_token_id": 77"#) },
    ]

    @Test("by t2-coord, which makes no run folder", arguments: damages)
    func coordinator(damage: Damage) async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        try damage.apply(model)
        let before = try Cluster.contents(of: model.path)
        let coordinator = try cluster.coordinator(model, extra: ["--local-workers", "1"])
        #expect(await coordinator.status(seconds: 60) == damage.status.rawValue, "\(coordinator.text)")
        expectOneError(coordinator, model, damage)
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
        #expect(try Cluster.contents(of: model.path) == before)
    }

    @Test("by t2-worker, which does not even connect", arguments: damages)
    func worker(damage: Damage) async throws {
        let model = try TinyModel()
        defer { model.remove() }
        try damage.apply(model)
        let worker = try RunningProgram("t2-worker", ["join", "tcp://127.0.0.1:5999", "--model", model.path])
        #expect(await worker.status(seconds: 60) == damage.status.rawValue, "\(worker.text)")
        expectOneError(worker, model, damage)
    }

    @Test(
        "once it is shortened while it is read, by one error instead of a crash",
        arguments: [
            ["t2", "inspect", "--model"], ["t2-worker", "join", "tcp://127.0.0.1:5999", "--model"],
        ])
    func shortened(program: [String]) throws {
        let model = try TinyModel()
        defer { model.remove() }
        // Reading so much takes a minute; it is shortened as soon as it is mapped.
        try model.addZeros("optimizer.state", count: 1 << 34)
        let process = Process(program: program[0], Array(program.dropFirst()) + [model.path])
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let isMapped = {
            let maps = FileHandle(forReadingAtPath: "/proc/\(process.processIdentifier)/maps")
            let text = String(decoding: try maps?.readToEnd() ?? Data(), as: UTF8.self)
            return text.contains(URL(fileURLWithPath: model.weightsPath).lastPathComponent)
        }
        while process.isRunning, try !isMapped() {}
        truncate(model.weightsPath, 4096)
        #expect(process.waitForStatus() == T2Core.ExitStatus.inputOutput.rawValue)
        let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(text.hasPrefix("error: \(model.weightsPath): a part of it cannot be read any more"), "\(text)")
        #expect(text.split(separator: "\n").count == 1, "\(text)")
    }

    private func expectOneError(_ program: RunningProgram, _ model: TinyModel, _ damage: Damage) {
        #expect(program.lines.count == 1, "\(program.text)")
        #expect(program.text.hasPrefix("error: \(model.path)"), "\(program.text)")
        #expect(program.text.contains(damage.message), "\(program.text)")
    }
}
