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

    @Test("a missing model is no input")
    func missingModel() throws {
        let run = try Self.run(["profile", "--model", "/nowhere/base"], in: try ProgramFixture())
        #expect(run.status == 66 && run.errors.hasPrefix("error: /nowhere/base: no such folder"), "\(run.errors)")
    }

    @Test(
        "a request that cannot be served ends it as bad data",
        arguments: [(#"{"measure": "sampling", "batch": -1}"#, "'batch' is -1"), ("sampling", "not readable")])
    func requests(line: String, message: String) throws {
        let fixture = try ProgramFixture()
        let arguments = ["serve", "--model", fixture.model, "--lanes", "1", "--prompt", "4", "--new", "2"]
        let good = #"{"measure": "sampling", "batch": 2}"#
        let run = try Self.run(arguments, input: "\(good)\n\(line)\n\(good)\n", in: fixture)
        #expect(run.status == 65, "\(run.errors)")
        #expect(run.errors.hasPrefix("error: request '\(line)': "), "\(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        // What it is about, and the answer to the first request.
        #expect(try run.objects().count == 2)
    }
}
