import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Text
import T2Transport
import T2Worker

/// Checks whether this machine can work for a coordinator.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks whether this machine can work, and says what to change if it cannot.",
        discussion: """
            Each check is one line: ok, warn (the worker will be slow, or cannot compute every task) or fail (it cannot work), what \
            was found, and the remedy. The exit status is 69 if a check failed. Nothing is changed on this machine, and the \
            coordinator, if one is named, sees connections that close again. Named by an invitation, it is asked with the worker's \
            key, and without --model which base model it wants.

            Examples:
              t2-worker doctor
              t2-worker doctor tcp://127.0.0.1:5555 --model /models/llama
              t2-worker doctor node7.invite
              t2-worker doctor --json
            """)

    @OptionGroup var coordinator: CoordinatorOptions

    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Print JSON: the checks, each with its status, what was found, and the remedy.")
    var json = false

    private struct Result: Encodable {
        let checks: [Finding]
        let failed: Int
    }

    func run() async throws {
        var findings: [Finding] = []
        func report(_ finding: Finding) throws {
            findings.append(finding)
            if !json { try StandardOutput.write(finding.line) }
        }
        let machine = MachineExamination()
        try report(machine.processor())
        try report(machine.linearAlgebra())
        try report(machine.rate())
        if coordinator.endpoint == nil || coordinator.model != nil {
            for finding in model(machine) { try report(finding) }
        }
        try report(machine.sandbox(verification.isolation))
        try report(machine.descriptors())
        try report(machine.clock())
        for finding in await network(machine) { try report(finding) }

        let failed = findings.count { $0.status == .fail }
        if json { try StandardOutput.write(JSONText.line(Result(checks: findings, failed: failed))) }
        if failed > 0 { throw ExitCode(ExitStatus.unavailable.rawValue) }
    }

    /// The invitation, whether the coordinator can be reached, and what it answers; empty if none was named.
    private func network(_ machine: MachineExamination) async -> [Finding] {
        guard let endpoint = coordinator.endpoint else { return [] }
        do {
            let invitation = try coordinator.invitation()
            var findings: [Finding] = []
            if let invitation {
                let end = invitation.expires.map { "expires on \($0.formatted(.iso8601))" } ?? "does not expire"
                findings.append(.ok("invitation", "for the name '\(invitation.name)', \(end)"))
            }
            let probes = (invitation?.endpoints ?? [endpoint]).map { EndpointProbe($0).finding() }
            guard probes.contains(where: { $0.status == .ok }) else { return findings + probes }
            return await findings + probes + answers(invitation, machine)
        } catch let error as any UserFacingError {
            return [.fail("invitation", error)]
        } catch {
            return [.fail("invitation", "\(error)", remedy: "Ask for a new one.")]
        }
    }

    /// What the coordinator answers, and whether this machine can work with its base model.
    private func answers(_ invitation: Invitation?, _ machine: MachineExamination) async -> [Finding] {
        var here: BaseModelFolder?
        let answer = await CoordinatorExamination(coordinator: coordinator, invitation: invitation).ask { wanted in
            guard coordinator.model == nil else { return false }
            here = ModelSource.present(wanted)
            return here == nil
        }
        guard let wanted = answer.model else { return answer.findings }
        if let path = coordinator.model {
            guard let given = try? BaseModelFolder(path: path), given.digest != wanted.digest else {
                return answer.findings
            }
            return answer.findings + [
                .fail(
                    "wanted model",
                    "\(path) has digest \(given.digest.short), the coordinator's \(wanted.digest.short)",
                    remedy: "Leave out --model, and the worker fetches the coordinator's.")
            ]
        }
        if let here {
            return answer.findings + [.ok("model", "\(here.path), digest \(here.digest.short)")]
                + needs(here.configuration, here.weightType, machine)
        }
        do {
            guard let configuration = try answer.configuration?.get() else { return answer.findings }
            return answer.findings + [room(wanted)] + needs(configuration, .float32, machine)
        } catch let error as any UserFacingError {
            return answer.findings + [.fail("model", error)]
        } catch {
            return answer.findings + [.fail("model", "the connection was lost", remedy: "Run this again.")]
        }
    }

    /// Whether there is room for the coordinator's model, which is not here yet.
    private func room(_ wanted: ModelDescription) -> Finding {
        let found = "digest \(wanted.digest.short), not here yet; it will be fetched to \(CacheFolder.path)"
        guard CacheFolder.freeBytes() == nil else { return .ok("model", found) }
        return .fail(
            "model", "\(found), which cannot be written", remedy: "Name another folder in T2_CACHE, or give --model.")
    }

    private func needs(
        _ configuration: ModelConfiguration, _ type: WeightType, _ machine: MachineExamination
    ) -> [Finding] {
        [machine.memory(for: configuration, type), machine.cache(for: configuration)]
    }

    /// Opens the base model as `join` does, checks each of its weights, and whether this machine can work with it.
    private func model(_ machine: MachineExamination) -> [Finding] {
        do {
            let path = try coordinator.model ?? BundledExample.baseModelPath()
            let (folder, _) = try BaseModelFolder.openWithTokenizer(path: path, weights: .auto)
            try folder.checkWeights()
            return [.ok("model", "\(path), digest \(folder.digest.short)")]
                + needs(folder.configuration, folder.weightType, machine)
        } catch let error as any UserFacingError {
            return [.fail("model", error)]
        } catch {
            return [.fail("model", "\(error)", remedy: "Copy the model folder again.")]
        }
    }
}
