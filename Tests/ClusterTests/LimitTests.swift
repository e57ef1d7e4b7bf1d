import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("Limits of the machine", .serialized)
struct LimitTests {
    /// Runs a program under a limit of the shell, and gives its status and output.
    private static func run(_ limit: String, _ program: String, _ arguments: [String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let path = Process.programFolder + "/" + program
        // A program that hangs is killed, with status 137.
        process.arguments = ["-c", "\(limit) && exec timeout -s KILL 60 \"$0\" \"$@\"", path] + arguments
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return (process.waitForStatus(), text)
    }

    @Test("a coordinator that can have no more threads ends with an error")
    func threads() throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let arguments = try cluster.arguments(model, runFolder: cluster.runFolder)
        // Ten stacks of this size do not fit.
        let (status, text) = try Self.run("ulimit -s 300000 && ulimit -v 3000000", "t2-coord", arguments)
        #expect(status == ExitStatus.unavailable.rawValue, "\(text)")
        #expect(text.contains("error: threads: the system lets this process start"), "\(text)")
        #expect(text.contains("ulimit -v"))
    }

    @Test("a program that may have little address space ends with an error", arguments: [300_000, 385_000, 1_000_000])
    func addressSpace(kilobytes: Int) throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let arguments = try cluster.arguments(model, runFolder: cluster.runFolder)
        let (status, text) = try Self.run("ulimit -v \(kilobytes)", "t2-coord", arguments)
        #expect(status == ExitStatus.unavailable.rawValue, "\(text)")
        #expect(text.contains("error: address space: this process may have \(kilobytes >> 10) MiB"), "\(text)")
    }

    @Test("a worker that has no memory for its matrix products ends with an error")
    func memory() throws {
        let model = try TinyModel()
        defer { model.remove() }
        let (status, text) = try Self.run(
            "ulimit -v 1100000", "t2-worker", ["join", "tcp://127.0.0.1:9", "--model", model.path, "--lanes", "8"])
        #expect(status == ExitStatus.unavailable.rawValue, "\(text)")
        #expect(text.contains("error: memory: the system refuses ") && text.contains(" for 8 lanes"), "\(text)")
    }

    @Test(
        "a run folder of an odd name works, and is printed so that it can be pasted",
        arguments: [("file:y", "'file:y"), ("100%", "'100%"), ("-dash", "./-dash"), ("it's ü", "'it'\\''s ü")])
    func oddName(name: String, written: String) throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let process = Process(
            program: "t2-coord", try cluster.arguments(model, runFolder: name) + ["--local-workers", "1"])
        process.currentDirectoryURL = URL(fileURLWithPath: cluster.folder)
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(process.waitForStatus() == 0, "\(text)")
        #expect(text.contains("--expert \(written)/expert-best.safetensors"), "\(text)")
        let names = try FileManager.default.contentsOfDirectory(atPath: cluster.folder)
        #expect(Set(names) == ["data", name])
        #expect(FileManager.default.fileExists(atPath: "\(cluster.folder)/\(name)/run.sqlite"))
    }
}
