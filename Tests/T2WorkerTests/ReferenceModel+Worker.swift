import Logging
import T2Core
import T2Engine
import T2TestSupport
import T2Transport
import T2Worker

extension ReferenceModel {
    func worker(
        _ transport: any WorkerTransport, _ hello: Hello, rewards: RewardRunner = .parity,
        progressInterval: Duration = ProgressMeter.interval
    ) -> Worker {
        let logger = Logger(label: "t2-worker-tests") { _ in SwiftLogNoOpLogHandler() }
        return Worker(
            hello: hello, computer: engine.computer(rewards), transport: transport, log: WorkerLog(logger),
            progressInterval: progressInterval)
    }

    func hello(lanes: Int = 1) -> Hello {
        Hello(
            worker: WorkerIdentifier(name: "w", incarnation: 1), modelDigest: folder.digest,
            tokenizerDigest: folder.tokenizerDigest, fingerprint: "here", lanes: lanes)
    }
}

extension Lease {
    init(_ work: WorkUnit, epoch: UInt64 = 7) { self.init(work: work, attempt: 1, epoch: epoch, lengthSeconds: 30) }
}
