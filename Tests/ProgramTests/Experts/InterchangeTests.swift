import Foundation
import T2TestSupport
import Testing

/// The Python environment that scripts/python_environment makes, and what is checked with it.
private enum Interchange {
    static let python = Repository.path + "/.venv/bin/python"
    static let scripts = Repository.path + "/scripts/interchange"
    /// Whether the environment is complete: its last part is a copy of the list of its packages.
    static var hasPython: Bool {
        FileManager.default.isExecutableFile(atPath: python)
            && FileManager.default.contentsEqual(
                atPath: Repository.path + "/.venv/installed-requirements.txt",
                andPath: Repository.path + "/scripts/requirements.txt")
    }
}

/// What goes to and comes from other programs, checked by them: PyTorch, transformers, peft, tokenizers, safetensors and gguf.
@Suite(
    "Agreement with transformers, with peft and with the reference's checkpoints",
    .enabled(if: Interchange.hasPython, "there is no Python environment. scripts/python_environment makes it"),
    .serialized)
struct InterchangeTests {
    @Test(
        "models and experts score elsewhere as in t2; checkpoints and GGUF files are imported; tokens are those of tokenizers",
        arguments: ["merge", "export", "import", "gguf", "tokenizers"])
    func check(subject: String) throws { try run(subject) }

    private static let modelFiles = ["smollm2-135m/config.json", "smollm2-135m/model.safetensors"]

    @Test(
        "SmolLM2-135M-Instruct has the ids and the log-probabilities that it has in transformers",
        .enabled(
            if: PublishedFiles.models.have(modelFiles),
            "\(PublishedFiles.models.absence(of: modelFiles)). scripts/models smollm2-135m fetches it"))
    func scoresOfRealModel() throws { try run("real_model", ["--model", PublishedFiles.models.path("smollm2-135m")]) }

    private func run(_ subject: String, _ arguments: [String] = []) throws {
        let folder = try TemporaryFolder()
        let log = try folder.write("", to: "log")
        let t2 = Process(t2: [], in: folder)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Interchange.python)
        let program = try #require(t2.executableURL).path
        process.arguments = ["\(Interchange.scripts)/check_\(subject).py", "--t2", program] + arguments
        // One thread: other tests run beside it.
        let settings = ["HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"]
        process.environment = t2.environment?.merging(settings) { $1 }
        process.standardOutput = FileHandle(forUpdatingAtPath: log)
        process.standardError = process.standardOutput
        try process.run()
        let status = process.waitForStatus()
        let said = try String(contentsOfFile: log, encoding: .utf8)
        #expect(status == 0, "\(said)")
    }
}
