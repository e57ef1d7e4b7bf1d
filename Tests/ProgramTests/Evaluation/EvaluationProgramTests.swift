import Foundation
import T2TestSupport
import Testing

@Suite("t2 eval")
struct EvaluationProgramTests {
    @Test("lanes change nothing but time, sampled or greedy", arguments: ["0", "1"])
    func laneCount(temperature: String) throws {
        let fixture = try ProgramFixture()
        try fixture.writeProblems(100)
        let records = try ["1", "3"].map { lanes in
            let path = fixture.folder.path + "/records-" + lanes
            let run = try fixture.run([
                "eval", "--model", fixture.model, "--task", "gsm-mini", "--lanes", lanes, "--temperature", temperature,
                "--max-tokens", "16", "--records", path, "--json",
            ])
            #expect(run.status == 0 && run.errors == "")
            let object = try #require(try run.objects().first)
            #expect(object["n"] as? Int == 100)
            #expect((object["outcomes"] as? [String: Int])?.values.reduce(0, +) == 100)
            #expect((object["interval_95"] as? [Double])?.count == 2)
            #expect(object["partial"] as? Bool == false)
            return try String(contentsOfFile: path, encoding: .utf8)
        }
        #expect(records[0] == records[1])
        #expect(records[0].split(separator: "\n").count == 100)
    }

    @Test("the limit takes the first problems; people read the same numbers")
    func limit() throws {
        let fixture = try ProgramFixture()
        try fixture.writeProblems(50)
        let run = try fixture.run([
            "eval", "--model", fixture.model, "--task", "gsm-mini", "--limit", "7", "--max-tokens", "4",
        ])
        #expect(run.status == 0)
        #expect(run.output.contains("0 of 7"))
        // Whether four tokens end with the end of the text or at the limit is up to the random model.
        #expect(run.output.contains("right 0, wrong 0, no-answer "))
    }

    @Test("rewards that a broken sandbox cannot give are missing, never wrong, and the exit status says try again")
    func missingRewards() throws {
        let fixture = try ProgramFixture()
        try fixture.writePrograms(24)
        try fixture.folder.writeExecutable(Self.failingSandbox, to: "bwrap")
        let records = fixture.folder.path + "/records"
        let run = try fixture.run(
            [
                "eval", "--model", fixture.model, "--task", "mbpp-mini", "--temperature", "1", "--max-tokens", "200",
                "--lanes",
                "1", "--json", "--records", records,
            ], searching: fixture.folder)
        #expect(run.status == 75)
        #expect(run.errors.contains("error: mbpp-mini: "))
        #expect(run.errors.contains("the sandbox lost its interpreter"))
        let object = try #require(try run.objects().first)
        let missing = try #require(object["missing"] as? [String: Int]).values.reduce(0, +)
        let judged = try #require(object["n"] as? Int)
        #expect(missing > 0 && judged > 0 && missing + judged == 24)
        #expect((object["outcomes"] as? [String: Int])?.values.reduce(0, +) == judged)
        #expect(object["partial"] as? Bool == false)
        let lines = try String(contentsOfFile: records, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 24 && lines.filter { $0.contains("\"missing\":") }.count == missing)
    }

    /// The real bubblewrap, but every interpreter is lost with the third program it is given.
    private static let failingSandbox = """
        #!/usr/bin/env python3
        import shutil, socket, struct, subprocess, sys
        outer = socket.socket(fileno=0)
        inner, other = socket.socketpair()
        child = subprocess.Popen([shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")] + sys.argv[1:], stdin=other)
        other.close()
        def message(source):
            header = source.recv(4, socket.MSG_WAITALL)
            if len(header) < 4:
                sys.exit(0)
            return header + source.recv(struct.unpack("<I", header)[0], socket.MSG_WAITALL)
        def program():
            return message(outer) + message(outer)
        for _ in range(2):
            inner.sendall(program())
            outer.sendall(message(inner))
        program()
        sys.exit("the sandbox lost its interpreter")
        """

    @Test("SIGINT prints what there is, marked as partial", .timeLimit(.minutes(20)))
    func interruption() throws {
        let fixture = try ProgramFixture()
        try fixture.writeProblems(20_000)
        let process = Process(
            t2: ["eval", "--model", fixture.model, "--task", "gsm-mini", "--max-tokens", "200", "--json"],
            in: fixture.folder)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        try waitUntilSignalIsHandled(process)
        process.interrupt()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(process.waitForStatus() == 0)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["partial"] as? Bool == true)
        #expect(object["planned"] as? Int == 20_000)
        #expect(try #require(object["n"] as? Int) < 20_000)
    }

    /// The system knows which signals a process handles.
    private func waitUntilSignalIsHandled(_ process: Process) throws {
        let bit: UInt64 = 1 << (UInt64(SIGINT) - 1)
        while process.isRunning {
            let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") })
            let mask = try #require(UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16))
            if mask & bit != 0 { return }
        }
        Issue.record("the program ended before it could be interrupted")
    }
}
