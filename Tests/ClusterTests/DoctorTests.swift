import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("t2-worker doctor")
struct DoctorTests {
    private struct Report: Decodable {
        struct Check: Decodable {
            let check: String
            let status: String
            let found: String
            let remedy: String?
        }
        let checks: [Check]
        let failed: Int

        func check(_ name: String) throws -> Check { try #require(checks.first { $0.check == name }) }
    }

    /// Runs `doctor --json` to its end.
    ///
    /// - Parameter shell: commands of the shell that starts it, such as limits.
    private func report(
        _ arguments: [String], model: String? = Cluster.model, environment: [String: String] = [:],
        shell: String = ":"
    ) throws -> (status: Int32, report: Report) {
        let process = Process(program: "t2-worker", [], environment: environment)
        let program = try #require(process.executableURL).path
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", shell + "\nexec \"$@\"", "sh", program, "doctor", "--json"] + arguments
            + (model.map { ["--model", $0] } ?? [])
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return (process.waitForStatus(), try JSONDecoder().decode(Report.self, from: output))
    }

    @Test("every check of a machine that can work passes, among them that of a running coordinator")
    func healthy() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(coordinator)
        let (status, report) = try report([endpoint])
        #expect(status == 0)
        #expect(report.failed == 0)
        #expect(
            report.checks.map(\.check) == [
                "processor", "BLAS", "rate", "model", "memory", "cache", "sandbox", "descriptors", "clock", "endpoint",
                "answer", "clock skew",
            ])
        #expect(try report.check("endpoint").found.hasPrefix("\(endpoint) answers"))
        // The coordinator is none the worse for it.
        let worker = try cluster.worker(endpoint, name: "after")
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(await worker.status() == 0, "\(worker.text)")
    }

    @Test(
        "an endpoint without a coordinator is named as such",
        arguments: [("nothing", "cannot connect"), ("HTTP/1.1 400 Bad Request\r\n\r\n", "another program")])
    func wrongEndpoint(answer: String, expected: String) throws {
        let listener = try Listener(answer: answer == "nothing" ? nil : answer)
        defer { listener.close() }
        let (status, report) = try report([listener.endpoint])
        #expect(status == T2Core.ExitStatus.unavailable.rawValue)
        #expect(report.failed == 1)
        let check = try report.check("endpoint")
        #expect(check.status == "fail")
        #expect(check.found.contains(expected), "\(check.found)")
        #expect(check.remedy?.contains("t2-coord") == true)
    }

    @Test("a program that accepts the connection and stays silent is reported at the deadline")
    func silentEndpoint() throws {
        let listener = try Listener(answer: "")
        defer { listener.close() }
        let (status, report) = try report([listener.endpoint])
        #expect(status == T2Core.ExitStatus.unavailable.rawValue)
        #expect(try report.check("endpoint").found.contains("waiting for a greeting"))
    }

    @Test("too few descriptors fail, with the command that raises the limit")
    func descriptors() throws {
        let (status, report) = try report([], shell: "ulimit -n 48")
        #expect(status == T2Core.ExitStatus.unavailable.rawValue)
        let check = try report.check("descriptors")
        #expect(check.status == "fail")
        #expect(check.remedy?.contains("ulimit -n") == true)
    }

    @Test("a folder of the cache that cannot be made is a warning")
    func cache() throws {
        let (status, report) = try report([], environment: ["T2_CACHE": "/dev/null/cache"])
        #expect(status == 0)
        let check = try report.check("cache")
        #expect(check.status == "warn")
        #expect(check.found.contains("/dev/null/cache/decompositions"))
        #expect(check.remedy?.contains("T2_CACHE") == true)
    }

    @Test("a missing model fails, and the other checks are made all the same")
    func model() throws {
        let (status, report) = try report([], model: "/nonexistent")
        #expect(status == T2Core.ExitStatus.unavailable.rawValue)
        #expect(try report.check("model").found.contains("/nonexistent: no such folder"))
        #expect(try report.check("clock").status == "ok")
    }

    @Test("an invitation is read, and the coordinator that it names is reached; an expired or broken one fails")
    func invitation() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let keys = ["--keys", cluster.folder + "/keys"]
        func invite(_ name: String, _ endpoint: String) async throws -> String {
            let path = "\(cluster.folder)/\(name).invite"
            let arguments = ["invite", name, "--endpoint", endpoint, "--expires", "3", "--output", path]
            let invite = try RunningProgram("t2-coord", arguments + keys)
            #expect(await invite.status(seconds: 60) == 0, "\(invite.text)")
            return path
        }
        // The first invitation makes the keys.
        _ = try await invite("first", "tcp://127.0.0.1:1")
        let coordinator = try cluster.coordinator(model, extra: keys)
        let path = try await invite("node7", try await cluster.endpoint(coordinator))
        let (status, good) = try report([path], model: nil)
        #expect(status == 0, "\(good)")
        #expect(try good.check("invitation").found.hasPrefix("for the name 'node7', expires on 20"))
        #expect(try good.check("endpoint").found.contains("mechanism CURVE"))
        #expect(try good.check("key").found == "the coordinator admits the key of 'node7'")
        #expect(try good.check("clock skew").status == "ok")
        #expect(try good.check("model").found.hasPrefix(model.path + ", digest "))
        #expect(try good.check("memory").status != "fail")
        // Another model than the coordinator's would be refused.
        let (_, other) = try report([path])
        #expect(try other.check("wanted model").status == "fail")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for (old, new, problem) in [("expires: 20", "expires: 10", "expired on"), ("name: ", "nome: ", "'name: …'")] {
            try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
            let (status, bad) = try report([path])
            #expect(status == ExitStatus.unavailable.rawValue)
            #expect(try bad.check("invitation").status == "fail" && bad.check("invitation").found.contains(problem))
        }
    }

    @Test("without --model, memory is checked against the model that the coordinator wants, though it is not here yet")
    func wantedModel() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let coordinator = try Cluster.coordinator(
            hiding: model.path, cluster.arguments(model, runFolder: cluster.runFolder))
        let endpoint = try await cluster.endpoint(coordinator)
        let (status, found) = try report([endpoint], model: nil, environment: ["T2_CACHE": cluster.folder + "/cache"])
        #expect(status == 0)
        #expect(
            try found.check("model").found.contains("not here yet; it will be fetched to \(cluster.folder)/cache"))
        #expect(try found.check("memory").found.contains("this model takes"))
        // Nothing is changed on this machine.
        #expect(!FileManager.default.fileExists(atPath: cluster.folder + "/cache"))
    }

    @Test("a key that the coordinator no longer takes fails, although the invitation is in order")
    func revoked() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let keys = ["--keys", cluster.folder + "/keys"]
        let invite = try RunningProgram(
            "t2-coord", ["invite", "early", "--endpoint", "tcp://127.0.0.1:1"] + keys)
        #expect(await invite.status(seconds: 60) == 0, "\(invite.text)")
        let coordinator = try cluster.coordinator(model, extra: keys)
        let path = cluster.folder + "/node7.invite"
        for arguments in [
            ["invite", "node7", "--endpoint", try await cluster.endpoint(coordinator), "--output", path],
            ["keys", "revoke", "node7"],
        ] {
            let command = try RunningProgram("t2-coord", arguments + keys)
            #expect(await command.status(seconds: 60) == 0, "\(command.text)")
        }
        let (status, found) = try report([path], model: nil)
        #expect(status == ExitStatus.unavailable.rawValue)
        #expect(try found.check("invitation").status == "ok" && found.check("endpoint").status == "ok")
        let key = try found.check("key")
        #expect(key.status == "fail" && key.found.contains("does not take this worker's key"), "\(key)")
    }

    @Test("a clock that differs from the coordinator's is a warning", arguments: [3_600.0, -3_600])
    func skew(_ seconds: Double) async throws {
        let coordinator = try LyingCoordinator { kind, _ in
            guard kind == "GET_MODEL" else { return nil }
            return LyingCoordinator.model(
                [("config.json", Data("{}".utf8), nil)], time: Date().timeIntervalSince1970 - seconds)
        }
        defer { coordinator.close() }
        let (_, found) = try report([coordinator.endpoint])
        let check = try found.check("clock skew")
        #expect(check.status == "warn")
        #expect(check.found.contains(seconds > 0 ? "s ahead of" : "s behind"), "\(check.found)")
        #expect(check.remedy?.contains("chrony") == true)
    }

    /// A listening socket on a loopback port that is no coordinator's.
    private final class Listener: Sendable {
        let endpoint: String
        private let descriptor: Int32

        /// - Parameter answer: what a connection is sent; nil to refuse connections.
        init(answer: String?) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let status = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) + getsockname(descriptor, $0, &length)
                }
            }
            try #require(status == 0)
            endpoint = "tcp://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
            guard let answer else { return }
            try #require(listen(descriptor, 1) == 0)
            Thread.detachNewThread {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                _ = send(connection, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
            }
        }

        func close() { Foundation.close(descriptor) }
    }
}
