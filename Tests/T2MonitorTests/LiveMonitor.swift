import Foundation
import Logging
import Synchronization
import T2Coordinator
import T2Core
import T2Jobs
import T2TestSupport
import T2Monitor
import T2Transport

/// Whether the jobs were asked to stop.
final class StopNote: Sendable {
    let value = Mutex(false)
}

/// A monitor on a real port, of a dispatcher with one job and a worker that takes leases and says nothing more.
final class LiveMonitor: Sendable {
    static let worker = "ann <script>alert(1)</script> \"&'"

    let folder: TemporaryFolder
    let monitor: Monitor
    let dispatcher: Dispatcher
    let file: MonitorFile
    let stopped = StopNote()
    private let serving: Task<Void, Never>
    private let working: Task<Void, Never>

    /// - Parameter address: where it listens.
    init(_ address: MonitorAddress = .standard) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        let runFolder = folder.path + "/run"
        let network = InMemoryNetwork()
        let digest = Digest(of: "model")
        let model = JobModel(
            path: "/models/small",
            configuration: ModelConfiguration(
                vocabularySize: 100, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 1,
                keyValueHeadCount: 1, headSize: 8, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: 64,
                tiedEmbeddings: true, beginningOfSequence: nil, endOfSequence: [0]), digest: digest,
            tokenizerDigest: digest)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let dispatcher = Dispatcher(model: model, transport: await network.listen(), logger: logger)
        self.dispatcher = dispatcher
        let problems = (0..<200).map {
            Problem(id: "p\($0)", topic: "t", prompt: "\($0)?", verification: .number(answer: "1"))
        }
        let job = EvaluationJob(
            name: "eval", model: model, task: "t", problems: problems, strategy: FixedPolicy(.base),
            sampling: Sampling(temperature: 0, maxTokens: 4), seed: 1)
        let journal = try RunJournal(job, folder: try RunFolder(path: runFolder, resume: false))
        serving = Task {
            _ = try? await dispatcher.serve {
                try await JobRun<EvaluationJob>(journal, dispatcher).run(job) { _, _, _ in }
            }
        }
        let identifier = WorkerIdentifier(name: Self.worker, incarnation: 1)
        let link = try await network.connect(identifier)
        working = Task {
            while let event = await link.nextEvent() {
                switch event {
                case .connected:
                    let hello = Hello(
                        worker: identifier, modelDigest: digest, tokenizerDigest: digest, fingerprint: "<b>abacus",
                        lanes: 1)
                    _ = try? await link.send(.hello(hello), within: .seconds(10))
                case .message(.welcome): _ = try? await link.send(.credit(Credit(count: 2)), within: .seconds(10))
                default: break
                }
            }
        }
        let stopped = stopped
        monitor = Monitor(dispatcher, program: "t2-coord test", logger: logger) { stopped.value.withLock { $0 = true } }
        try await monitor.observe(Monitor.Run(name: "eval", folder: runFolder))
        _ = try await monitor.begin(on: address)
        file = try MonitorFile.read(in: runFolder)
        while await monitor.status().leases.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
    }

    func end() async {
        await monitor.end()
        await dispatcher.stop()
        working.cancel()
        await serving.value
    }

    /// The answer to a request that is written byte for byte.
    func ask(
        _ method: String = "GET", _ path: String, _ headers: [String] = [], host: String? = nil
    ) async throws -> String {
        try await blocking { try self.answer(method, path, headers, host: host) }
    }

    private func answer(_ method: String, _ path: String, _ headers: [String], host: String?) throws -> String {
        let head =
            ["\(method) \(path) HTTP/1.1", "Connection: close", "Host: \(host ?? file.address)", "Content-Length: 0"]
            + headers
        let address = file.address.split(separator: ":")
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(address[1])!.bigEndian
        name.sin_addr.s_addr = inet_addr(String(address[0]))
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw SystemError("connect", file.address) }
        let text = head.joined(separator: "\r\n") + "\r\n\r\n"
        try Array(text.utf8).withUnsafeBytes { try $0.write(to: descriptor, path: file.address) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
            // A stream of events has no end.
            if path == "/api/events", String(decoding: answer, as: UTF8.self).contains("}\n\n") { break }
        }
        return String(decoding: answer, as: UTF8.self)
    }

    func status(
        _ method: String = "GET", _ path: String, _ headers: [String] = [], host: String? = nil
    ) async throws -> Int {
        let line = try await ask(method, path, headers, host: host).prefix { !$0.isNewline }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    var token: [String] { ["Authorization: Bearer \(file.token)"] }
}
