import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("t2 experts list, diff and mix with a library")
struct ExpertLibraryProgramTests {
    @Test("list tells each expert's origin and gain, for people and for programs")
    func list() throws {
        let fixture = try ProgramFixture()
        try fixture.folder.write("", to: "library/README.md")
        let z = try fixture.reference().z
        let path = try fixture.writeExpert(z, to: "library/math.safetensors", task: "gsm-mini")
        _ = try fixture.writeExpert(z.filter { $0.key.contains("mlp") }, to: "library/code.safetensors")
        try fixture.measure(path, ["base-validation-accuracy": "0.3350", "validation-accuracy": "0.8800"])
        let library = fixture.folder.path + "/library"
        let object = try #require(try fixture.run(["experts", "list", library, "--json"]).objects().first)
        let digest = try BaseModelFolder(path: fixture.model).digest
        #expect(object["base_model_digest"] as? String == digest.hexadecimal)
        let experts = try #require(object["experts"] as? [[String: Any]])
        #expect(experts.map { $0["name"] as? String } == ["code", "math"])
        #expect(experts[1]["task"] as? String == "gsm-mini")
        #expect(experts[1]["base_validation_accuracy"] as? Double == 0.335)
        #expect(experts[1]["validation_accuracy"] as? Double == 0.88)
        #expect(experts[0]["validation_accuracy"] == nil)
        #expect(experts[1]["values"] as? Int == z.values.reduce(0) { $0 + $1.count })
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(experts[1]["bytes"] as? Int == attributes[.size] as? Int)
        let lines = try fixture.run(["experts", "list", library]).output.split(separator: "\n")
        let words = lines.map { $0.split(separator: " ").map(String.init) }
        #expect(lines.count == 3)
        #expect(words[0].prefix(4) == ["name", "base", "model", "task"])
        #expect(words[1].prefix(7) == ["code", digest.short, "test", "direct", "3", "–", "–"])
        #expect(words[2].prefix(7) == ["math", digest.short, "gsm-mini", "direct", "3", "33.5", "88.0"])
        #expect(Set(lines.map(\.count)).count == 1)
    }

    @Test("without a folder it lists the bundled experts")
    func bundled() throws {
        let fixture = try ProgramFixture()
        let run = try fixture.run(["experts", "list", "--json"])
        let experts = try #require(try run.objects().first?["experts"] as? [[String: Any]])
        let tasks = experts.reduce(into: [:]) { $0[$1["name"] as? String] = $1["task"] as? String }
        for (name, task) in ["math": "gsm-mini", "code": "mbpp-mini", "reasoning": "arc-mini"] {
            #expect(tasks[name] == task)
        }
    }

    @Test("folders that are no library are refused with the reason")
    func noLibrary() throws {
        let fixture = try ProgramFixture()
        let other = try ProgramFixture("multihead-untied")
        let missing = try fixture.run(["experts", "list", fixture.folder.path + "/none"])
        #expect(missing.status == 66 && missing.errors.contains("no such folder"))
        let model = try fixture.run(["experts", "list", fixture.model])
        #expect(model.status == 65 && model.errors.contains("model.safetensors: not an expert file"))
        try fixture.folder.write("", to: "mixed/README.md")
        let first = try fixture.writeExpert(try fixture.reference().z, to: "mixed/a.safetensors")
        let foreign = try other.writeExpert(try other.reference().z, to: "b.safetensors")
        try FileManager.default.copyItem(atPath: foreign, toPath: fixture.folder.path + "/mixed/b.safetensors")
        let mixed = try fixture.run(["experts", "list", fixture.folder.path + "/mixed"])
        #expect(mixed.status == 65)
        for digest in try [fixture, other].map({ try BaseModelFolder(path: $0.model).digest.short }) {
            #expect(mixed.errors.contains(digest))
        }
        #expect(mixed.errors.contains(first))
    }

    @Test("diff shows norms, the cosine and the matrices that differ most")
    func diff() throws {
        let fixture = try ProgramFixture()
        try fixture.folder.write("", to: "library/README.md")
        let z = try fixture.reference().z
        var changed = z
        let name = "model.layers.1.mlp.up_proj.weight"
        changed[name]![3] += 2
        changed["model.layers.0.self_attn.q_proj.weight"]![0] -= 1
        _ = try fixture.writeExpert(z, to: "library/a.safetensors")
        let b = try fixture.writeExpert(changed, to: "library/b.safetensors")
        let library = fixture.folder.path + "/library"
        let arguments = ["experts", "diff", "a", "b", "--library", library]
        let object = try #require(try fixture.run(arguments + ["--top", "2", "--json"]).objects().first)
        #expect(object["b"] as? String == b && object["matrix_count"] as? Int == z.count)
        let all = try #require(object["all"] as? [String: Double])
        #expect(abs(try #require(all["difference"]) - 5.0.squareRoot()) < 1e-6)
        let norm = z.values.joined().reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(try #require(all["a"]) - norm) < 1e-9)
        let matrices = try #require(object["matrices"] as? [[String: Any]])
        #expect(matrices.map { $0["name"] as? String } == [name, "model.layers.0.self_attn.q_proj.weight"])
        #expect((matrices[0]["largest"] as? [String: Double])?["index"] == 3)
        let text = try fixture.run(arguments + ["--top", "1"]).output
        #expect(text.contains("2.23607") && text.contains(name) && !text.contains("q_proj"))
        #expect(try fixture.run(arguments + ["--top", "-1"]).status == 64)
        let other = try ProgramFixture("multihead-untied")
        let foreign = try other.writeExpert(try other.reference().z, to: "foreign.safetensors")
        let refused = try fixture.run(["experts", "diff", b, foreign])
        #expect(refused.status == 65 && refused.errors.contains("one base model"))
    }

    @Test("mix takes names of a library; an unknown one is answered by those there are")
    func mix() throws {
        let fixture = try ProgramFixture()
        try fixture.folder.write("", to: "library/README.md")
        let z = try fixture.reference().z
        let a = try fixture.writeExpert(z, to: "library/math.safetensors")
        _ = try fixture.writeExpert(z.mapValues { $0.map { 2 - $0 } }, to: "library/code.safetensors")
        let output = fixture.folder.path + "/mix.safetensors"
        let arguments = ["--library", fixture.folder.path + "/library", "--output", output]
        #expect(try fixture.run(["experts", "mix", "math=1", "code=0"] + arguments).status == 0)
        #expect(try ExpertFile(path: output).vector == ExpertFile(path: a).vector)
        let refused = try fixture.run(["experts", "mix", "maths=1"] + arguments)
        #expect(refused.status == 66 && refused.errors.contains("'maths'") && refused.errors.contains("math, code"))
    }
}

extension ProgramFixture {
    /// Gives an expert file measures.
    fileprivate func measure(_ path: String, _ measures: [String: String]) throws {
        let expert = try ExpertFile(path: path)
        var description = expert.description
        description.measures = measures
        try ExpertFile(description: description, vector: expert.vector).write(to: path)
    }
}
