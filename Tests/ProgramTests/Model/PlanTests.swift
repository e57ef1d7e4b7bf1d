import Foundation
import T2TestSupport
import Testing

@Suite("t2 plan")
struct PlanTests {
    /// The rates of some machine, so that nothing is measured.
    private static let rates = #"""
        {"cores": 2, "memory": 40, "attention": 10, "cached_attention": 5, "activations": 1, "draws": 1, "losses": 0.5,
         "reference_losses": 0.25, "decompositions": 1, "products": {"f32": {"rows": [1, 64], "gflops": [5, 100]},
         "bf16": {"rows": [1, 64], "gflops": [15, 200], "packing": 1}}}
        """#

    private static func shape(_ size: String) -> String {
        Repository.path + "/scripts/bench/shapes/llama-3-\(size).json"
    }

    private struct Plan: Decodable {
        struct Memory: Decodable {
            let peak: Int
            let fits: Bool
        }
        let fits: Bool
        let memory: [String: [String: Memory]]
        let phases: [String: Double]
        let step_seconds: Double
        let warnings: [String]
    }

    private func run(_ arguments: [String]) throws -> ProgramRun {
        let fixture = try ProgramFixture()
        let rates = try fixture.folder.write(Self.rates, to: "rates.json")
        return try fixture.run(["plan", "--rates", rates] + arguments)
    }

    @Test("needs no weights, and says whether a node holds a worker", arguments: [("8b", true), ("70b", false)])
    func shapeAlone(size: String, fits: Bool) throws {
        let arguments = ["--model", Self.shape(size), "--workers", "8", "--cores", "16", "--memory", "64"]
        let run = try run(arguments + ["--json"])
        #expect(run.status == 0 && run.errors == "")
        let plan = try JSONDecoder().decode(Plan.self, from: Data(run.output.utf8))
        #expect(plan.fits == fits && plan.memory["bf16"]?["all"]?.fits == fits)
        #expect(plan.warnings.contains { $0.contains("the least") } == !fits)
        #expect(abs(plan.phases.values.reduce(0, +) - plan.step_seconds) < 1e-6 * plan.step_seconds)
        let text = try self.run(arguments)
        #expect(text.status == 0)
        for line in ["fits", fits ? "yes: " : "no: ", "limited by", "decomposing", "fetching", "backward"] {
            #expect(text.output.contains(line))
        }
    }

    @Test("takes a run's configuration, and keys that override it")
    func configuration() throws {
        let fixture = try ProgramFixture()
        let rates = try fixture.folder.write(Self.rates, to: "rates.json")
        let file = try fixture.folder.write("prompts-per-step: 32\ntarget-modules: mlp\n", to: "run.yaml")
        let run = try fixture.run([
            "plan", "--rates", rates, "--model", Self.shape("8b"), "--configuration", file, "--set", "max-tokens=10",
        ])
        #expect(run.status == 0)
        for text in ["32 prompts", "at most 10", "target modules mlp"] { #expect(run.output.contains(text)) }
    }

    @Test(
        "says what is wrong with what it is given",
        arguments: [
            (["--workers", "0"], 64, "--workers is 0"),
            (["--cores", "0"], 64, "--cores is 0"),
            (["--memory", "-1"], 64, "--memory"),
            (["--memory", "nan"], 64, "--memory"),
            (["--bandwidth", "0"], 64, "--bandwidth"),
            (["--prompt-tokens", "9000"], 64, "context of 8192"),
            (["--set", "adapter=lora"], 78, "only svf is planned"),
            (["--set", "prompts-per-unit=0"], 78, "prompts-per-unit"),
            (["--set", "prompts=1"], 78, "prompts"),
            (["--configuration", "/none.yaml"], 66, "/none.yaml"),
            (["--rates", "/none.json"], 66, "/none.json"),
            (["--rates", shape("8b")], 65, "not a file of rates"),
            (["--model", "/none"], 66, "/none"),
        ])
    func badInput(arguments: [String], status: Int32, message: String) throws {
        let model = arguments.contains("--model") ? [] : ["--model", Self.shape("8b")]
        let run = try run(model + arguments)
        #expect(run.status == status)
        #expect(run.errors.contains(message))
        #expect(run.output == "")
    }

    @Test(
        "refuses a configuration that no model has",
        arguments: [
            (#""hidden_size": 4096"#, #""hidden_size": 4611686018427387904"#),
            (#""model_type": "llama""#, #""model_type": "gpt2""#),
            (#""num_hidden_layers": 32"#, #""num_hidden_layers": 0"#), ("{", "["),
        ])
    func badShape(old: String, new: String) throws {
        let fixture = try ProgramFixture()
        let text = try String(contentsOfFile: Self.shape("8b"), encoding: .utf8)
        let path = try fixture.folder.write(text.replacingOccurrences(of: old, with: new), to: "config.json")
        let run = try fixture.run(["plan", "--model", path])
        #expect(run.status == 65)
        #expect(run.errors.contains("config.json"), "\(run.errors)")
    }
}
