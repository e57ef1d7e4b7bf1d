import Foundation
import T2TestSupport
import Testing

@Suite("scripts/quickstart")
struct QuickstartTests {
    @Test(
        "ends when it is stopped, although the coordinator ends well then",
        arguments: [("INT", Int32(130)), ("TERM", 143)])
    func stopped(signal: String, status: Int32) throws {
        let folder = try TemporaryFolder()
        let words = folder.path + "/words"
        try folder.writeExecutable(
            "#!/bin/sh\ncase \"$*\" in\n--version) echo Swift version 6.3;;\n*show-bin-path) echo \(folder.path);;\nesac\n",
            to: "swift")
        try folder.writeExecutable("#!/bin/sh\necho t2 \"$@\" >> \(words)\n", to: "t2")
        try folder.writeExecutable(
            "#!/bin/sh\necho t2-coord \"$@\" >> \(words)\nkill -\(signal) $PPID\nexit 0\n", to: "t2-coord")
        // A copy: what it leaves is nobody's run.
        try folder.write("task: gsm-mini\n", to: "Repository.path/experts/tiny/math.yaml")
        for name in ["quickstart", "setup"] {
            let script = try String(contentsOfFile: "\(Repository.path)/scripts/\(name)", encoding: .utf8)
            try folder.writeExecutable(script, to: "Repository.path/scripts/\(name)")
        }
        let process = Process()
        // Whoever runs the tests may ignore signals, and a script cannot change that.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["--default-signal=INT,TERM", folder.path + "/Repository.path/scripts/quickstart"]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["PATH": folder.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")]
        ) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        #expect(process.waitForStatus() == status)
        let lines = try String(contentsOfFile: words, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("t2 eval ") == true && lines.last?.hasPrefix("t2-coord start ") == true)
    }
}
