import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Text

/// Checks whether this machine can work for a coordinator.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks whether this machine can work, and says what to change if it cannot.",
        discussion: """
            Each check is one line: ok, warn (the worker will be slow, or cannot compute every task) or fail (it cannot work), what \
            was found, and the remedy. The exit status is 69 if a check failed. Nothing is changed on this machine, and the \
            coordinator, if one is named, sees a connection that closes again.

            Examples:
              t2-worker doctor
              t2-worker doctor tcp://127.0.0.1:5555 --model /models/llama
              t2-worker doctor node7.invite --model /models/llama
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
        let (modelFinding, folder) = model()
        try report(modelFinding)
        if let folder {
            try report(machine.memory(for: folder.configuration))
            try report(machine.cache(for: folder.configuration))
        }
        try report(machine.sandbox(verification.isolation))
        try report(machine.descriptors())
        try report(machine.clock())
        for finding in network() { try report(finding) }

        let failed = findings.count { $0.status == .fail }
        if json { try StandardOutput.write(JSONText.line(Result(checks: findings, failed: failed))) }
        if failed > 0 { throw ExitCode(ExitStatus.unavailable.rawValue) }
    }

    /// The invitation, and whether the coordinator can be reached; empty if none was named.
    private func network() -> [Finding] {
        guard let endpoint = coordinator.endpoint else { return [] }
        do {
            guard let invitation = try coordinator.invitation() else { return [EndpointProbe(endpoint).finding()] }
            let end = invitation.expires.map { "expires on \($0.formatted(.iso8601))" } ?? "does not expire"
            return [.ok("invitation", "for the name '\(invitation.name)', \(end)")]
                + invitation.endpoints.map { EndpointProbe($0).finding() }
        } catch let error as any UserFacingError {
            return [.fail("invitation", error)]
        } catch {
            return [.fail("invitation", "\(error)", remedy: "Ask for a new one.")]
        }
    }

    /// Opens the base model as `join` does, and checks each of its weights.
    private func model() -> (Finding, BaseModelFolder?) {
        do {
            let path = try coordinator.modelPath()
            let (folder, _) = try BaseModelFolder.openWithTokenizer(path: path)
            try folder.checkWeights()
            return (.ok("model", "\(path), digest \(folder.digest.short)"), folder)
        } catch let error as any UserFacingError {
            return (.fail("model", error), nil)
        } catch {
            return (.fail("model", "\(error)", remedy: "Copy the model folder again."), nil)
        }
    }
}
