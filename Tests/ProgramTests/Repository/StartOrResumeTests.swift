import Foundation
import T2TestSupport
import Testing

@Suite("cluster/start_or_resume")
struct StartOrResumeTests {
    @Test(
        "starts a run with all options, and resumes it with those of the host",
        arguments: [
            (false, ["start", "--run-dir", "RUN", "--bind", "tcp://*:1", "--config", "a file.yaml", "--steps", "3"]),
            (true, ["start", "--resume", "--run-dir", "RUN", "--bind", "tcp://*:1"]),
        ])
    func options(exists: Bool, expected: [String]) throws {
        let folder = try TemporaryFolder()
        try folder.writeExecutable("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", to: "t2-coord")
        let run = folder.path + "/run"
        if exists { try folder.write("", to: "run/run.sqlite") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Repository.path + "/cluster/start_or_resume")
        process.arguments = [run, "--bind", "tcp://*:1", "--", "--config", "a file.yaml", "--steps", "3"]
        process.environment = ["PATH": folder.path + ":/usr/bin:/bin"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(process.waitForStatus() == 0)
        #expect(output.split(separator: "\n").map(String.init) == expected.map { $0 == "RUN" ? run : $0 })
    }
}
