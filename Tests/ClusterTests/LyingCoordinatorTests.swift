import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("A worker without a model refuses a coordinator that lies", .serialized)
struct LyingCoordinatorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What a worker does whose coordinator answers so: its status and output. Its cache is the only folder that it may change.
    private func join(_ answer: @escaping LyingCoordinator.Answer) async throws -> (status: Int32?, text: String) {
        let coordinator = try LyingCoordinator(answer)
        defer { coordinator.close() }
        let worker = try Cluster.worker(coordinator.endpoint, cache: folder.path + "/a/cache")
        let status = await worker.status(seconds: 60)
        return (status, worker.text)
    }

    private var files: [String] {
        get throws {
            // But for the folder of the traces of workers.
            try FileManager.default.subpathsOfDirectory(atPath: folder.path)
                .filter { !["a", "a/cache", "a/cache/workers"].contains($0) }.sorted()
        }
    }

    @Test("that names a file of another folder", arguments: ["../x", "../../../x", "/tmp/t2-x", "..", ".lock"])
    func names(_ name: String) async throws {
        let content = Data("harm".utf8)
        let (status, text) = try await join { kind, header in
            switch kind {
            case "GET_MODEL": LyingCoordinator.model([(name, content, nil)])
            case "GET_CHUNK": LyingCoordinator.chunk(header, content)
            default: nil
            }
        }
        #expect(status == ExitStatus.protocolViolation.rawValue, "\(text)")
        #expect(text.contains("error: MODEL: its header cannot be read: files.model.name: expected"), "\(text)")
        #expect(try files.isEmpty)
    }

    @Test("that hands out other bytes than it named")
    func otherBytes() async throws {
        let (status, text) = try await join { kind, header in
            switch kind {
            case "GET_MODEL": LyingCoordinator.model([("config.json", Data("right".utf8), nil)])
            case "GET_CHUNK": LyingCoordinator.chunk(header, Data("wrong".utf8))
            default: nil
            }
        }
        #expect(status == ExitStatus.data.rawValue, "\(text)")
        #expect(text.contains("config.json: has digest") && text.contains("the coordinator named"), "\(text)")
    }

    @Test("that goes on beyond the end of a file")
    func endless() async throws {
        let (status, text) = try await join { kind, header in
            switch kind {
            case "GET_MODEL": LyingCoordinator.model([("config.json", Data("right".utf8), nil)])
            case "GET_CHUNK": LyingCoordinator.chunk(header, Data(count: 2 << 20))
            default: nil
            }
        }
        #expect(status == ExitStatus.protocolViolation.rawValue, "\(text)")
        #expect(text.contains("sent 2097152 bytes") && text.contains("expected 5 of"), "\(text)")
    }

    @Test("that names a file larger than any disk")
    func tooLarge() async throws {
        let (status, text) = try await join { kind, header in
            kind == "GET_MODEL"
                ? LyingCoordinator.model(
                    (0..<1_000).map { ("f\($0)", Data("\($0)".utf8), 1 << 40) }) : nil
        }
        #expect(status == ExitStatus.inputOutput.rawValue, "\(text)")
        #expect(text.contains("needs 1099511627776000 bytes for the coordinator's base model"), "\(text)")
    }

    @Test("that hands out another model than it named, or none")
    func otherModel() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let names = ["config.json", "tokenizer.json", "model.safetensors"]
        let contents = try names.map { try Data(contentsOf: URL(fileURLWithPath: "\(model.path)/\($0)")) }
        for (count, problem) in [(3, "has digests"), (2, "refers to files that the coordinator did not hand out")] {
            let offered = Array(zip(names, contents).prefix(count))
            let (status, text) = try await join { kind, header in
                switch kind {
                case "GET_MODEL": LyingCoordinator.model(offered.map { ($0, $1, nil) })
                case "GET_CHUNK":
                    offered.lazy.map(\.1)
                        .first { $0.withUnsafeBytes { Digest(of: $0) }.hexadecimal == header["file"] as? String }
                        .map { LyingCoordinator.chunk(header, $0) }
                default: nil
                }
            }
            #expect(status == ExitStatus.data.rawValue, "\(text)")
            #expect(text.contains("the coordinator's base model: \(problem)"), "\(text)")
            #expect(try files.filter { $0.contains("safetensors") || $0.contains("partial") }.isEmpty)
        }
    }
}
