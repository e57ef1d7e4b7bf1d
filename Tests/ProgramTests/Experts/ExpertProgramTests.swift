import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("t2 experts, decompose and inspect")
struct ExpertProgramTests {
    @Test("coefficients (1, 0) give the first expert's values bit for bit; the mixture is a sum")
    func mixing() throws {
        let fixture = try ProgramFixture()
        let z = try fixture.reference().z
        let a = try fixture.writeExpert(z, to: "a=1.safetensors", task: "math")
        let b = try fixture.writeExpert(z.mapValues { $0.map { 2 - $0 } }, to: "b.safetensors", task: "code")
        let output = fixture.folder.path + "/mix.safetensors"
        #expect(try fixture.run(["experts", "mix", a + "=1", b + "=0", "--output", output]).status == 0)
        let first = try ExpertFile(path: a)
        let same = try ExpertFile(path: output)
        #expect(same.vector == first.vector)
        #expect(same.description.task == "mix")
        #expect(try fixture.run(["experts", "mix", a + "=0.5", b + "=0.5", "--output", output]).status == 0)
        let even = try ExpertFile(path: output)
        #expect(even.vector.values.allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(even.description.measures["part-2"]?.contains("b.safetensors") == true)
        let score = try fixture.run(
            ["score", "--model", fixture.model, "--expert", output, "--input", "-"], input: "{\"ids\": [3, 4]}")
        #expect(score.status == 0)
    }

    @Test("experts of different models, or of different matrices, are not mixed, and both are named")
    func unmixable() throws {
        let fixture = try ProgramFixture()
        let other = try ProgramFixture("multihead-untied")
        let z = try fixture.reference().z
        let a = try fixture.writeExpert(z, to: "a.safetensors")
        let foreign = try other.writeExpert(try other.reference().z, to: "foreign.safetensors")
        let partial = try fixture.writeExpert(z.filter { $0.key.contains("mlp") }, to: "mlp.safetensors")
        let output = fixture.folder.path + "/mix.safetensors"
        for second in [foreign, partial] {
            let run = try fixture.run(["experts", "mix", a + "=0.5", second + "=0.5", "--output", output])
            #expect(run.status == 65)
            #expect(run.errors.contains(a) && run.errors.contains(second))
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    @Test(
        "parts without a coefficient from 0 to 1 are wrong usage",
        arguments: ["", "=", "=x", "=nan", "=inf", "=1.5", "=-0.1"])
    func coefficients(suffix: String) throws {
        let fixture = try ProgramFixture()
        let a = try fixture.writeExpert(try fixture.reference().z, to: "a.safetensors")
        let run = try fixture.run(["experts", "mix", a + suffix, "--output", fixture.folder.path + "/mix"])
        #expect(run.status == 64)
        #expect(run.errors.contains(a))
    }

    @Test("show tells where an expert comes from, and each matrix's values")
    func show() throws {
        let fixture = try ProgramFixture()
        let z = try fixture.reference().z
        let a = try fixture.writeExpert(z, to: "a.safetensors", task: "math")
        let object = try #require(try fixture.run(["experts", "show", a, "--json"]).objects().first)
        #expect(object["task"] as? String == "math" && object["step"] as? Int == 3)
        let matrices = try #require(object["matrices"] as? [[String: Any]])
        #expect(matrices.count == z.count)
        for matrix in matrices {
            let name = try #require(matrix["name"] as? String)
            let values = try #require(z[name])
            #expect(matrix["count"] as? Int == values.count)
            let maximum = try #require(matrix["maximum"] as? Double)
            #expect(Float(maximum) == values.max())
        }
        let text = try fixture.run(["experts", "show", a]).output
        #expect(text.contains("model.layers.1.mlp.down_proj.weight"))
        let plain = try fixture.run(["experts", "show", fixture.model + "/model.safetensors"])
        #expect(plain.status == 65 && plain.errors.contains("not an expert file"))
    }

    @Test("measures that are numbers are numbers for machines, and as written for people")
    func measures() throws {
        let fixture = try ProgramFixture()
        let measures = [
            "accuracy": "0.8750", "count": "600", "part-1": "a.safetensors 0.5", "odd": "nan", "hex": "0x10",
        ]
        let a = try fixture.writeExpert(try fixture.reference().z, to: "a.safetensors", measures: measures)
        let object = try #require(try fixture.run(["experts", "show", a, "--json"]).objects().first)
        let found = try #require(object["measures"] as? [String: Any])
        #expect(found["accuracy"] as? Double == 0.875 && found["count"] as? Int == 600)
        for key in ["part-1", "odd", "hex"] { #expect(found[key] as? String == measures[key]) }
        let text = try fixture.run(["experts", "show", a]).output
        #expect(text.contains("0.8750"))
    }

    @Test("decompose fills the cache once; an unwritable one is refused")
    func decompose() throws {
        let fixture = try ProgramFixture()
        let arguments = ["decompose", "--model", fixture.model, "--json"]
        let computed = try (0..<2).map { _ in try fixture.run(arguments).objects().first?["computed"] as? Int }
        #expect(computed == [14, 0])
        let blocked = try fixture.folder.write("", to: "file")
        let refused = try fixture.run(arguments, environment: ["T2_CACHE": blocked])
        #expect(refused.status == 73 && refused.errors.contains(blocked) && refused.errors.contains("T2_CACHE"))
    }

    @Test("inspect names the model that experts name", arguments: ModelFixture.names)
    func inspect(name: String) throws {
        let fixture = try ProgramFixture(name)
        let object = try #require(try fixture.run(["inspect", "--model", fixture.model, "--json"]).objects().first)
        #expect(object["digest"] as? String == (try BaseModelFolder(path: fixture.model)).digest.hexadecimal)
        let targets = try #require(object["target_modules"] as? [String: [String: Int]])
        let expected = try fixture.reference().z.values.reduce(0) { $0 + $1.count }
        #expect(targets["all"]?["z_values"] == expected)
        let parts = try ["mlp", "attention"].map { try #require(targets[$0]?["z_values"]) }
        #expect(parts.reduce(0, +) == expected)
        #expect(try fixture.run(["inspect", "--model", fixture.model]).output.contains("2 layers"))
    }

    @Test(
        "every command explains itself with an example",
        arguments: [
            ["tokenize"], ["score"], ["gradient"], ["generate"], ["eval"], ["decompose"], ["inspect"],
            ["experts", "list"], ["experts", "show"], ["experts", "diff"], ["experts", "mix"], ["experts", "merge"],
            ["experts", "export"],
        ])
    func help(command: [String]) throws {
        let run = try ProgramRun(command + ["--help"], in: try TemporaryFolder())
        #expect(run.status == 0 && run.errors == "")
        #expect(run.output.contains("Example"))
        #expect(run.output.contains("t2 " + command.joined(separator: " ")))
    }
}
