import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("A worker that has nothing but the endpoint or an invitation", .serialized)
struct FetchTests {
    /// The files of the bundled model that a worker needs.
    private static let bundledFiles = [
        "config.json", "generation_config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json",
        "tokenizer_config.json",
    ]

    /// The expert of a worker that was given the model.
    private static func expected(_ model: TinyModel, environment: [String: String] = [:]) async throws -> Digest {
        let cluster = try Cluster()
        let arguments = try cluster.arguments(model, runFolder: cluster.runFolder) + ["--local-workers", "1"]
        let coordinator = try RunningProgram("t2-coord", arguments, environment: environment)
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        return try cluster.digest("expert-last.safetensors")
    }

    @Test("fetches the model, and trains the same bytes; the next time it has the model")
    func fetches() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let expected = try await Self.expected(model)
        let cache = try TemporaryFolder()
        for isFirst in [true, false] {
            let cluster = try Cluster()
            let coordinator = try Cluster.coordinator(
                hiding: model.path, cluster.arguments(model, runFolder: cluster.runFolder))
            let worker = try Cluster.worker(try await cluster.endpoint(coordinator), cache: cache.path)
            #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
            #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
            #expect(try cluster.digest("expert-last.safetensors") == expected)
            #expect(worker.text.contains("fetching the base model from the coordinator") == isFirst, "\(worker.text)")
        }
        let place = try Cluster.cached(model.path, in: cache.path)
        #expect(try Cluster.contents(of: place) == Cluster.contents(of: model.path))
        #expect(!FileManager.default.fileExists(atPath: place + ".partial"))
        // A damaged model of the cache is fetched again.
        var weights = try Data(contentsOf: URL(fileURLWithPath: place + "/model.safetensors"))
        weights[weights.count - 1] ^= 1
        try weights.write(to: URL(fileURLWithPath: place + "/model.safetensors"))
        let cluster = try Cluster()
        let coordinator = try Cluster.coordinator(
            hiding: model.path, cluster.arguments(model, runFolder: cluster.runFolder))
        let worker = try Cluster.worker(try await cluster.endpoint(coordinator), cache: cache.path)
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(try Cluster.contents(of: place) == Cluster.contents(of: model.path))
    }

    @Test("uses the model in the coordinator's folder where it sees one, and copies nothing")
    func shared() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let cache = try TemporaryFolder()
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(model)
        let worker = try Cluster.worker(try await cluster.endpoint(coordinator), cache: cache.path)
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(worker.lines.contains { $0.contains("base model loaded") && $0.contains("model=\(model.path)") })
        let place = try Cluster.cached(model.path, in: cache.path)
        #expect(!FileManager.default.fileExists(atPath: place))
        #expect(!FileManager.default.fileExists(atPath: place + ".partial"))
    }

    @Test("fetches the decompositions of the coordinator's cache, and computes one that is damaged there")
    func decompositions() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let (theirs, own) = (try TemporaryFolder(), try TemporaryFolder())
        let expected = try await Self.expected(model, environment: ["T2_CACHE": theirs.path])
        let sound = try Cluster.contents(of: theirs.path + "/decompositions")
        let name = try #require(sound.keys.sorted().first)
        let damaged = URL(fileURLWithPath: "\(theirs.path)/decompositions/\(name)")
        var bytes = try Data(contentsOf: damaged)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: damaged)
        let cluster = try Cluster()
        let coordinator = try Cluster.coordinator(
            hiding: model.path, cluster.arguments(model, runFolder: cluster.runFolder),
            environment: ["T2_CACHE": theirs.path])
        let worker = try Cluster.worker(try await cluster.endpoint(coordinator), cache: own.path)
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(worker.number("count", inLineContaining: "fetching decompositions") == sound.count, "\(worker.text)")
        // Only the damaged one was not used as it came.
        let warnings = worker.lines.filter { $0.contains("damaged") }
        #expect(warnings.count == 1 && warnings[0].contains(name), "\(worker.text)")
        #expect(try Cluster.contents(of: own.path + "/decompositions") == sound)
        #expect(try cluster.digest("expert-last.safetensors") == expected)
    }

    @Test("goes on where a worker that was killed stopped")
    func resumes() async throws {
        let cluster = try Cluster()
        let cache = try TemporaryFolder()
        let coordinator = try Cluster.coordinator(hiding: Cluster.model, cluster.bundledArguments(rate: 1))
        let endpoint = try await cluster.endpoint(coordinator)
        let victim = try Cluster.worker(endpoint, cache: cache.path)
        victim.signal(SIGKILL, atLineContaining: "done=")
        #expect(await victim.status() == -SIGKILL, "\(victim.text)")
        let partial = try Cluster.cached(Cluster.model, in: cache.path) + ".partial"
        let sizes = try Self.bundledFiles.map { try Self.size("\(partial)/\($0)") ?? 0 }
        let (kept, total) = (
            sizes.reduce(0, +),
            try Self.bundledFiles.compactMap { try Self.size("\(Cluster.model)/\($0)") }.reduce(0, +)
        )
        #expect(kept > 0 && kept < total)

        let worker = try Cluster.worker(endpoint, cache: cache.path)
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(worker.number("here", inLineContaining: "fetching the base model") == kept, "\(worker.text)")
        #expect(worker.number("bytes", inLineContaining: "base model fetched") == total - kept, "\(worker.text)")
        #expect(try cluster.digest("expert-last.safetensors") == (try await SameBytesTests.reference.value))
    }

    @Test("waits for a coordinator that is killed during the fetch, and goes on with the next one")
    func lostCoordinator() async throws {
        let cluster = try Cluster()
        let cache = try TemporaryFolder()
        let first = try Cluster.coordinator(hiding: Cluster.model, cluster.bundledArguments(rate: 1))
        let endpoint = try await cluster.endpoint(first)
        let worker = try Cluster.worker(endpoint, cache: cache.path)
        worker.when("done=") { _ in first.signal(SIGKILL) }
        #expect(await first.status() == -SIGKILL, "\(first.text)\n\(worker.text)")
        #expect(await worker.line(containing: "lost the connection", seconds: 60) != nil, "\(worker.text)")
        let second = try Cluster.coordinator(
            hiding: Cluster.model,
            ["start", "--run-dir", cluster.runFolder, "--bind", endpoint, "--resume", "--model", Cluster.model])
        #expect(await second.status() == 0, "\(second.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(try cluster.digest("expert-last.safetensors") == (try await SameBytesTests.reference.value))
    }

    @Test("notices a damaged part of an earlier fetch, and fetches that file again")
    func damagedPart() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let (cluster, cache) = (try Cluster(), try TemporaryFolder())
        let place = try Cluster.cached(model.path, in: cache.path)
        try FileManager.default.createDirectory(atPath: place + ".partial", withIntermediateDirectories: true)
        try Data(count: 100).write(to: URL(fileURLWithPath: place + ".partial/model.safetensors"))
        // Of another set of files; it would be part of the model.
        try Data("{}".utf8).write(to: URL(fileURLWithPath: place + ".partial/model.safetensors.index.json"))
        let coordinator = try Cluster.coordinator(
            hiding: model.path, cluster.arguments(model, runFolder: cluster.runFolder))
        let worker = try Cluster.worker(try await cluster.endpoint(coordinator), cache: cache.path)
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(worker.text.contains("what was here of a file is damaged"), "\(worker.text)")
        #expect(try Cluster.contents(of: place) == Cluster.contents(of: model.path))
    }

    @Test("fetches once for all workers of a machine")
    func two() async throws {
        let (cluster, cache) = (try Cluster(), try TemporaryFolder())
        let coordinator = try Cluster.coordinator(
            hiding: Cluster.model, cluster.bundledArguments(steps: 1_000, rate: 1))
        let endpoint = try await cluster.endpoint(coordinator)
        let workers = try (1...2).map { try Cluster.worker(endpoint, cache: cache.path, ["--name", "w\($0)"]) }
        for worker in workers { #expect(await worker.line(containing: "joined") != nil, "\(worker.text)") }
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        for worker in workers { #expect(await worker.status(seconds: 30) == 0, "\(worker.text)") }
        #expect(workers.count { $0.text.contains("base model fetched") } == 1)
        let place = try Cluster.cached(Cluster.model, in: cache.path)
        #expect(try BaseModelFolder(path: place).digest == BaseModelFolder(path: Cluster.model).digest)
    }

    @Test(
        "ends with an error where its disk is too small", .enabled(if: geteuid() == 0, "needs root to mount a disk"))
    func fullDisk() async throws {
        let (cluster, cache) = (try Cluster(), try TemporaryFolder())
        let coordinator = try Cluster.coordinator(hiding: Cluster.model, cluster.bundledArguments(rate: 1000))
        let mount = #"mount -t tmpfs -o size=1m tmpfs "$T2_CACHE" && exec "$0" "$@""#
        let worker = try RunningProgram(
            "/usr/bin/env",
            [
                "unshare", "--mount", "/bin/sh", "-c", mount, Process.programFolder + "/t2-worker", "join",
                try await cluster.endpoint(coordinator),
            ], environment: ["T2_CACHE": cache.path])
        #expect(await worker.status(seconds: 60) == ExitStatus.inputOutput.rawValue, "\(worker.text)")
        #expect(worker.text.contains("Free some disk space, or name a folder on another disk in T2_CACHE."))
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 30) == 0, "\(coordinator.text)")
    }

    private static func size(_ path: String) throws -> Int? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    }
}
