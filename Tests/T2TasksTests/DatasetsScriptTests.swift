import Foundation
import T2Core
import T2TestSupport
import Testing

/// `scripts/datasets`, with a folder in place of the network.
@Suite(
    "The script that fetches data sets",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/curl"), "curl is absent"))
struct DatasetsScriptTests {
    private func run(_ arguments: [String], mirror: String) throws -> (status: Int32, output: String) {
        try Process.outcome(ofScript: "datasets", arguments, environment: ["T2_DATASETS_MIRROR": mirror])
    }

    @Test(
        "a file that cannot be fetched, one with other bytes and an unknown name: each by name, with its own exit status"
    )
    func errors() throws {
        let folder = try TemporaryFolder()
        let data = folder.path + "/data"
        let absent = try run([data, "humaneval"], mirror: "file://\(folder.path)/nowhere")
        #expect(absent.status == 69 && absent.output.contains("nowhere/HumanEval.jsonl.gz cannot be fetched"))
        try folder.write("not what it should be", to: "mirror/HumanEval.jsonl.gz")
        let wrong = try run([data, "humaneval"], mirror: "file://\(folder.path)/mirror")
        #expect(wrong.status == 65 && wrong.output.contains("expected SHA-256 b796127e"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: data + "/humaneval") == [])
        let archive = try run([data, "arc", "gsm8k"], mirror: "file://\(folder.path)/mirror")
        #expect(archive.status == 69)
        try folder.write("no archive", to: "mirror/ARC-V1-Feb2018.zip")
        let damaged = try run([data, "arc"], mirror: "file://\(folder.path)/mirror")
        #expect(damaged.status == 65 && damaged.output.contains("is no archive of ARC"))
        let unknown = try run([data, "gsm9k"], mirror: "")
        #expect(unknown.status == 64 && unknown.output.contains("there is no data set 'gsm9k'"))
    }

    private static let files = ["gsm8k/train.jsonl", "gsm8k/test.jsonl", "humaneval/HumanEval.jsonl.gz"]

    @Test(
        "fetches what is missing or wrong, goes on with what was cut, keeps what is right",
        .enabled(if: PublishedFiles.datasets.have(files), "\(PublishedFiles.datasets.absence(of: files))"))
    func fetches() throws {
        let folder = try TemporaryFolder()
        for file in Self.files {
            let data = try Data(contentsOf: URL(filePath: PublishedFiles.datasets.path(file)))
            try folder.write(data, to: "mirror/\(file.split(separator: "/")[1])")
        }
        let (data, mirror) = (folder.path + "/data", "file://\(folder.path)/mirror")
        let test = try Data(contentsOf: URL(filePath: PublishedFiles.datasets.path("gsm8k/test.jsonl")))
        try folder.write(test.prefix(1000), to: "data/gsm8k/test.jsonl.part")
        try folder.write("damaged", to: "data/gsm8k/train.jsonl")
        let first = try run([data, "gsm8k", "humaneval"], mirror: mirror)
        #expect(first.status == 0, "\(first.output)")
        #expect(try Data(contentsOf: URL(filePath: data + "/gsm8k/test.jsonl")) == test)
        let second = try run([data, "gsm8k", "humaneval"], mirror: "file:///nowhere")
        #expect(second.status == 0 && second.output.components(separatedBy: " is there").count == 4)
    }
}
