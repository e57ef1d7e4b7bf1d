import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Folders that appear whole or not at all")
struct AtomicFolderTests {
    private struct Failure: Error {}

    private let folder: TemporaryFolder
    private var path: String { folder.path + "/made" }

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    @Test("what was written into it is there, under its final name alone", arguments: ["", "/"])
    func writing(suffix: String) throws {
        try AtomicFolder.write(to: path + suffix) { temporary in
            #expect(!FileManager.default.fileExists(atPath: path))
            try AtomicFile.write("content", to: temporary + "/file")
        }
        #expect(try names == ["made"])
        #expect(try String(contentsOfFile: path + "/file", encoding: .utf8) == "content")
    }

    @Test("a failure leaves nothing")
    func failing() throws {
        #expect(throws: Failure.self) {
            try AtomicFolder.write(to: path) { temporary in
                try AtomicFile.write("content", to: temporary + "/file")
                throw Failure()
            }
        }
        #expect(try names == [])
    }

    @Test("whatever stands at the path stays as it is")
    func existing() throws {
        try folder.write("old", to: "made/file")
        try folder.write("old", to: "file")
        try folder.link("link", to: folder.path + "/nowhere")
        for name in ["made", "file", "link"] {
            let error = #expect(throws: InputError.self) {
                try AtomicFolder.write(to: folder.path + "/" + name) { _ in Issue.record("nothing is to be written") }
            }
            #expect(error?.description.contains(name + ": already exists") == true)
            #expect(error?.exitStatus == .cannotCreate)
        }
        // Also what appears while the new folder is filled.
        #expect(throws: InputError.self) {
            try AtomicFolder.write(to: folder.path + "/late") { _ in try folder.write("other", to: "late/file") }
        }
        #expect(try names == ["file", "late", "link", "made"])
    }

    @Test("an unfinished folder of a killed writer goes with the next write; one that is being written stays")
    func abandoned() throws {
        try folder.write("half", to: "made.tmp-12-34/file")
        try folder.write("half", to: "other.tmp-12-34/file")
        try AtomicFolder.write(to: path) { temporary in
            #expect(throws: Failure.self) { try AtomicFolder.write(to: path) { _ in throw Failure() } }
            #expect(FileManager.default.fileExists(atPath: temporary))
        }
        #expect(try names == ["made", "other.tmp-12-34"])
    }
}
