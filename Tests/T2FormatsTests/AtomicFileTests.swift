import Foundation
import T2Core
import T2Formats
import Testing

@Suite("Unfinished files")
struct AtomicFileTests {
    private let folder = NSTemporaryDirectory() + "t2-atomic-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
    }

    private func leave(_ name: String) {
        _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data())
    }

    @Test("that killed writers left are removed from a folder; whatever else is there stays")
    func folderOfAbandoned() throws {
        defer { remove() }
        for name in ["a.tmp-12-34", "b.safetensors.tmp-1-4294967295", "a.tmp-12", "tmp-12-34", "a.tmp-12-x"] {
            leave(name)
        }
        AtomicFile.removeAbandoned(in: folder)
        #expect(try names == ["a.tmp-12", "a.tmp-12-x", "tmp-12-34"])
        AtomicFile.removeAbandoned(in: folder + "/nowhere")
    }

    @Test("of the same file are removed by its next write")
    func neighbours() throws {
        defer { remove() }
        for name in ["a.tmp-12-34", "b.tmp-12-34"] { leave(name) }
        try AtomicFile.write("new", to: folder + "/a")
        #expect(try names == ["a", "b.tmp-12-34"])
    }

    @Test("of a living process stay, and go once it is killed by kill -9")
    func livingWriter() throws {
        defer { remove() }
        let name = "a.tmp-12-34"
        let writer = Process()
        writer.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        writer.arguments = ["--no-fork", "\(folder)/\(name)", "sh", "-c", "echo held; exec sleep 600"]
        let output = Pipe()
        writer.standardOutput = output
        try writer.run()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "held\n")
        AtomicFile.removeAbandoned(in: folder)
        try AtomicFile.write("new", to: folder + "/a")
        #expect(try names == ["a", name])
        kill(writer.processIdentifier, SIGKILL)
        writer.waitUntilExit()
        AtomicFile.removeAbandoned(in: folder)
        #expect(try names == ["a"])
    }

    @Test("are never taken from writers at work, however many write and clean up at once")
    func race() async throws {
        defer { remove() }
        let folder = folder
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for round in 0..<25 {
                        try AtomicFile.write("\(writer) \(round)", to: folder + "/shared")
                        AtomicFile.removeAbandoned(in: folder)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try names == ["shared"])
        #expect(try String(contentsOfFile: folder + "/shared", encoding: .utf8).hasSuffix(" 24"))
    }
}
