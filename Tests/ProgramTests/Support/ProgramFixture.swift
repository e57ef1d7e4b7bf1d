import Foundation
import T2Core
import T2Formats
import T2TestSupport

/// A copy of one of the tiny random models that PyTorch computed reference values for, free to be damaged.
struct ProgramFixture {
    let folder: TemporaryFolder
    let name: String

    var model: String { folder.path + "/" + name }
    /// Where `t2 eval` looks for data by default.
    var data: String { folder.path + "/data" }

    init(_ name: String = "grouped-tied") throws {
        folder = try TemporaryFolder()
        self.name = name
        try FileManager.default.copyItem(atPath: ModelFixture.folder(name), toPath: model)
    }

    func run(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws -> ProgramRun {
        try ProgramRun(arguments, input: input, in: folder, environment: environment)
    }

    /// With programs looked for in a folder first.
    func run(_ arguments: [String], searching folder: TemporaryFolder) throws -> ProgramRun {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return try run(arguments, environment: ["PATH": folder.path + ":" + path])
    }

    /// Replaces text in one of the model's JSON files.
    func edit(_ file: String, _ old: String, _ new: String) throws {
        let path = model + "/" + file
        let text = try String(contentsOfFile: path, encoding: .utf8)
        precondition(text.contains(old), "the fixture's \(file) has no \(old)")
        try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: false, encoding: .utf8)
    }

    func layout() throws -> ExpertLayout {
        ExpertLayout(model: try ModelConfiguration(path: model + "/config.json"), targets: .all)
    }

    /// Writes an expert of this model.
    func writeExpert(
        _ values: [String: [Float]], to name: String, task: String = "test", measures: [String: String] = [:]
    ) throws -> String {
        let kept = ExpertLayout(entries: try layout().entries.filter { values[$0.name] != nil })
        let expert = ExpertFile(
            description: .init(
                modelDigest: try BaseModelFolder(path: model).digest, task: task, parameterisation: "direct", step: 3,
                seed: 7, measures: measures),
            vector: ExpertVector(layout: kept, values: kept.values(values)))
        let path = folder.path + "/" + name
        try expert.write(to: path)
        return path
    }

    /// A data set of prompts that this model's tokenizer can spell.
    func writeProblems(_ count: Int, task: String = "gsm-mini") throws {
        let lines = (0..<count).map { index in
            #"{"id": "\#(index)", "topic": "topic\#(index % 3)", "prompt": "Question\#(index)", "answer": "\#(index)"}"#
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "data/\(task)/test.jsonl")
    }

    /// A data set whose answers are programs.
    func writePrograms(_ count: Int) throws {
        let lines = (0..<count).map { index in
            #"{"id": "\#(index)", "topic": "t", "prompt": "f\#(index)", "program_prefix": "", "tests": ["assert True"]}"#
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "data/mbpp-mini/test.jsonl")
    }

    /// What PyTorch computed on this model.
    func reference() throws -> ModelFixture { try ModelFixture(name) }
}
