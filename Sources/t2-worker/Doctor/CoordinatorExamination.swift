import Foundation
import Logging
import T2CommandLine
import T2Core
import T2Formats
import T2Transport
import T2Worker

/// The checks of `t2-worker doctor` that need an answer of the coordinator: a handshake with the worker's key, and the
/// coordinator's description of its base model.
struct CoordinatorExamination {
    let coordinator: CoordinatorOptions
    let invitation: Invitation?
    private static let patience: Duration = .seconds(15)
    /// The time in which a coordinator may read its model's files, to know their digests.
    private static let readingPatience: Duration = .seconds(60)
    /// A difference between the clocks beyond which dates and logs mislead, in seconds.
    private static let largestSkew = 5.0
    private static let largestConfiguration = 1 << 20

    /// The doctor's findings say what a worker would log.
    private static var silent: WorkerLog { WorkerLog(Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }) }

    /// What the coordinator answered.
    struct Answer {
        let findings: [Finding]
        let model: ModelDescription?
        /// The configuration of the coordinator's model; nil if it was not asked for.
        let configuration: Swift.Result<ModelConfiguration, any Error>?
    }

    /// Asks the coordinator.
    ///
    /// - Parameter needsConfiguration: whether to fetch the configuration too, given the description.
    func ask(needsConfiguration: (ModelDescription) -> Bool) async -> Answer {
        let check = invitation == nil ? "answer" : "key"
        do {
            let worker = WorkerIdentifier(
                name: invitation?.name ?? "doctor-\(getpid())", incarnation: .random(in: 1 ... .max))
            let transport = try coordinator.connect(invitation, as: worker)
            defer { Task { await transport.close() } }
            let before = Date()
            let model = try await session(transport, Self.patience).describe(withFiles: false)
            let after = Date()
            let admitted = invitation.map { "the coordinator admits the key of '\($0.name)'" }
            var findings = [Finding.ok(check, admitted ?? "the coordinator answers")]
            findings.append(skew(model.time, before, after))
            guard needsConfiguration(model) else { return Answer(findings: findings, model: model, configuration: nil) }
            let configuration: Swift.Result<ModelConfiguration, any Error>
            do { configuration = .success(try await self.configuration(worker)) } catch {
                configuration = .failure(error)
            }
            return Answer(findings: findings, model: model, configuration: configuration)
        } catch let error as any UserFacingError {
            return Answer(findings: [.fail(check, error)], model: nil, configuration: nil)
        } catch {
            let lost = Finding.fail(
                check, "the connection was lost", remedy: "The coordinator's log says why; try again when it runs.")
            return Answer(findings: [lost], model: nil, configuration: nil)
        }
    }

    private func session(_ transport: any WorkerTransport, _ patience: Duration) -> CoordinatorSession {
        CoordinatorSession(transport, log: Self.silent, deadline: .now + patience)
    }

    private func configuration(_ worker: WorkerIdentifier) async throws -> ModelConfiguration {
        let transport = try coordinator.connect(invitation, as: worker)
        defer { Task { await transport.close() } }
        let session = session(transport, Self.readingPatience)
        let files = try await session.describe(withFiles: true).files?.model ?? []
        guard let file = files.first(where: { $0.name == "config.json" }), file.size <= Self.largestConfiguration else {
            throw InputError(
                "the coordinator", "names no config.json of its model",
                remedy: "Run the same version of t2 on both sides.")
        }
        var content = Data()
        try await session.fetch(file.digest, from: 0, size: file.size) { content.append(contentsOf: $0) }
        return try ModelConfiguration(content: content, path: "config.json of the coordinator")
    }

    /// How far this machine's clock is from the coordinator's, which was read between `before` and `after`.
    private func skew(_ time: Double, _ before: Date, _ after: Date) -> Finding {
        let (early, late) = (before.timeIntervalSince1970 - time, after.timeIntervalSince1970 - time)
        // Zero lies between the two if the clocks agree.
        let skew = early > 0 ? early : min(0, late)
        let found =
            abs(skew) < 0.1
            ? "this clock agrees with the coordinator's"
            : String(format: "this clock is %.1f s %@ the coordinator's", abs(skew), skew > 0 ? "ahead of" : "behind")
        guard abs(skew) > Self.largestSkew else { return .ok("clock skew", found) }
        return .warn(
            "clock skew", "\(found); invitations expire by date, and logs cannot be compared",
            remedy: "Set both clocks by a time service such as chrony.")
    }
}
