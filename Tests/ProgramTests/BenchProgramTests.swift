import Foundation
import T2TestSupport
import Testing

@Suite("t2-bench says what it cannot measure")
struct BenchProgramTests {
    private static func run(_ arguments: [String], input: String = "", in fixture: ProgramFixture) throws -> ProgramRun
    {
        try ProgramRun(arguments, input: input, in: fixture.folder, program: "t2-bench")
    }

    @Test(
        "impossible sizes are wrong usage",
        arguments: [
            (["--lanes", "0"], "lanes"), (["--prompt", "0"], "--prompt is 0"), (["--new", "-1"], "--new is -1"),
            (["--batch", "-1"], "--batch is -1"), (["--repetitions", "0"], "--repetitions is 0"),
            (["--prompt", "100000"], "--prompt 100000, --new 48: their sum exceeds the context of"),
            (
                ["--new", "9223372036854775807"],
                "--prompt 32, --new 9223372036854775807: their sum exceeds the context of"
            ),
        ])
    func sizes(flags: [String], message: String) throws {
        let fixture = try ProgramFixture()
        let assigned = [flags[0] + "=" + flags[1]]
        let run = try Self.run(["profile", "--model", fixture.model] + assigned, in: fixture)
        #expect(run.status == 64, "\(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.output == "")
    }

    @Test("products of no rows are wrong usage")
    func products() throws {
        let run = try Self.run(["products", "--rows", "0"], in: try ProgramFixture())
        #expect(run.status == 64 && run.errors.contains("a matrix has 0 rows or columns"), "\(run.errors)")
    }

    @Test(
        "a cluster that cannot be is wrong usage",
        arguments: [["--workers", "0"], ["--units", "0"], ["--median", "0"], ["--spread", "-1"]])
    func cluster(flags: [String]) throws {
        let run = try Self.run(["cluster", flags[0] + "=" + flags[1]], in: try ProgramFixture())
        #expect(run.status == 64 && run.errors.contains("\(flags[0]) is \(flags[1])"), "\(run.errors)")
    }

    @Test("emulated workers compute every unit of a real coordinator's run, each accepted once")
    func emulation() throws {
        struct Measured: Decodable {
            let accepted: Int
            let leases: Int
            let steps: [Step]

            struct Step: Decodable { let seconds: Double }
        }
        let run = try Self.run(
            [
                "cluster", "--workers", "5", "--units", "20", "--steps", "2", "--median", "0.02", "--without-deaths",
                "--json",
            ], in: try ProgramFixture())
        #expect(run.status == 0, "\(run.errors)")
        let measured = try JSONDecoder().decode(Measured.self, from: Data(run.output.utf8))
        // Two steps, and a problem of the validation before and after them.
        #expect(measured.accepted == 42 && measured.leases >= 42 && measured.steps.count == 2)
    }

    @Test("packing tells what an expert's bytes become")
    func packing() throws {
        let file = Repository.path + "/experts/tiny/math.safetensors"
        let run = try Self.run(["packing", file], in: try ProgramFixture())
        #expect(run.status == 0 && run.output.hasPrefix("\(file): "), "\(run.errors)")
        #expect(run.output.contains("768 bytes, packed "))
    }

    @Test("a missing model is no input")
    func missingModel() throws {
        let run = try Self.run(["profile", "--model", "/nowhere/base"], in: try ProgramFixture())
        #expect(run.status == 66 && run.errors.hasPrefix("error: /nowhere/base: no such folder"), "\(run.errors)")
    }

    @Test(
        "a request that cannot be served ends it as bad data",
        arguments: [
            (#"{"measure": "sampling", "batch": -1}"#, "'batch' is -1"), ("sampling", "not readable"),
            (#"{"measure": "sampling", "batch": 1, "new": 0}"#, "'new' is 0"),
            (#"{"measure": "sampling", "batch": 1, "prompt": 999999}"#, "exceed the model's context"),
        ])
    func requests(line: String, message: String) throws {
        let fixture = try ProgramFixture()
        let arguments = ["serve", "--model", fixture.model, "--lanes", "1", "--prompt", "4", "--new", "2"]
        let good = #"{"measure": "sampling", "batch": 2, "prompt": 3, "new": 1}"#
        let run = try Self.run(arguments, input: "\(good)\n\(line)\n\(good)\n", in: fixture)
        #expect(run.status == 65, "\(run.errors)")
        #expect(run.errors.hasPrefix("error: request '\(line)': "), "\(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        // What it is about, and the answer to the first request.
        let answers = try run.objects()
        #expect(answers.count == 2)
        #expect(answers.last?["tokens"] as? Int == 2)
    }
}
