import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("ExpertLibrary")
struct ExpertLibraryTests {
    private let folder: TemporaryFolder
    private let model = Digest(of: "model")

    init() throws { folder = try TemporaryFolder() }

    @Test("the experts of a folder by name, without what stands in subfolders or is no safetensors file")
    func reading() throws {
        for name in ["math", "code", "reasoning"] { try write(name) }
        try write("base/model")
        try write("folder.safetensors/inside")
        try folder.write("not an expert", to: "notes.md")
        try folder.write("not an expert", to: ".hidden.safetensors")
        for digest in [nil, model] {
            let library = try ExpertLibrary(path: folder.path, model: digest)
            #expect(library.entries.map(\.name) == ["code", "math", "reasoning"])
            #expect(
                library.entries.map(\.expert.description.task) == ["task of code", "task of math", "task of reasoning"])
        }
        let entry = try ExpertLibrary(path: folder.path, model: model).entry(named: "math")
        #expect(entry.path == folder.path + "/math.safetensors")
        #expect(entry.expert == (try ExpertFile(path: entry.path)))
    }

    @Test("an unknown name is answered by those there are, the nearest first")
    func unknownName() throws {
        for name in ["code", "math", "reasoning"] { try write(name) }
        let library = try ExpertLibrary(path: folder.path, model: nil)
        for (asked, answer) in [("reasonin", "reasoning, code, math"), ("zzzzzzzz", "code, math, reasoning")] {
            let error = #expect(throws: InputError.self) { try library.entry(named: asked) }
            #expect(error?.description.contains("no expert '\(asked)'. Available experts: \(answer).") == true)
            #expect(error?.exitStatus == .noInput)
        }
    }

    @Test("a folder that is missing, a file in its place, and a folder without experts")
    func nothingThere() throws {
        try folder.write("text", to: "file")
        try folder.write("text", to: "empty/base/model.safetensors")
        for (place, problem) in [("none", "no such folder"), ("file", "is a file"), ("empty", "no expert file")] {
            let error = refusal(folder.path + "/" + place)
            #expect(error?.description.contains(place + ": ") == true && error?.description.contains(problem) == true)
            #expect(error?.exitStatus == .noInput)
        }
    }

    @Test("a file that is no expert is named")
    func notAnExpert() throws {
        try write("math")
        try SafetensorsWriter.write([], metadata: ["format": "pt"], to: folder.path + "/model.safetensors")
        let error = refusal(folder.path)
        #expect(error?.description.contains("model.safetensors: not an expert file") == true)
        #expect(error?.exitStatus == .data)
    }

    @Test("experts of two base models, or of another one than asked for, are refused with both digests")
    func otherModels() throws {
        try write("code")
        let other = Digest(of: "other")
        let foreign = refusal(folder.path, model: other)
        try write("math", model: other)
        let mixed = refusal(folder.path)
        for (error, place) in [(foreign, "code.safetensors: "), (mixed, "math.safetensors: ")] {
            let text = error?.description ?? ""
            #expect(text.contains(place) && text.contains(model.short) && text.contains(other.short))
            #expect(error?.exitStatus == .data)
        }
    }

    private func refusal(_ path: String, model: Digest? = nil) -> InputError? {
        #expect(throws: InputError.self) { try ExpertLibrary(path: path, model: model) }
    }

    private func write(_ name: String, model: Digest? = nil) throws {
        let file = "\(folder.path)/\(name).safetensors"
        try FileManager.default.createDirectory(atPath: parentFolder(of: file), withIntermediateDirectories: true)
        let layout = ExpertLayout(entries: [.init(name: "w", count: 2)])
        let description = ExpertFile.Description(
            modelDigest: model ?? self.model, task: "task of \(name)", parameterisation: "direct", step: 1, seed: 0)
        try ExpertFile(description: description, vector: ExpertVector(layout: layout, repeating: 1)).write(to: file)
    }
}
