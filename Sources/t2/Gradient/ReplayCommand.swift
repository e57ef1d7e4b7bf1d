import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Model
import T2Transport
import T2Worker

/// A failed unit of a run, computed once more.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Computes a unit that failed in training once more, from the folder that t2-coord saved it in.",
        discussion: """
            The folder holds the unit's lease, its policies, and the completions if there were any: token identifiers, log-probabilities \
            and advantages; temperature and divergence stand in the lease. Their gradient is computed as the worker did, to the \
            last bit on a machine of the same kind. Without rollouts the completions are sampled again from the lease's seeds.

            A gradient prints one JSON object, {"unit", "rollouts", "loss", "policy_loss", "kl", "gradient_digest", \
            "recorded_gradient_digest"}: sums over the unit's rollouts, loss = policy_loss + λ·kl, and the digests of the \
            gradient now and as the worker sent it, if it sent one. Completions print {"unit", "rollouts", "tokens"}. \
            Numbers that are not finite end the command with status 65 and the first weight and token at fault.

            Example:
              t2 replay runs/math/evidence/step-000012-train-3/attempt-1 \\
                --model experts/tiny/base --output gradient.safetensors
            """)

    @Argument(help: ArgumentHelp("The folder with lease.json.", valueName: "evidence"))
    var folderPath: String

    @OptionGroup var model: ModelOptions

    @Option(
        name: .customLong("output"),
        help: ArgumentHelp("Safetensors file to write the gradient to, under the weights' names.", valueName: "file"))
    var outputPath: String?

    @Flag(help: "Print the JSON object alone, without the summary on standard error.")
    var json = false

    func run() throws {
        let destination = try outputPath.map { try OutputDestination(checking: $0) }
        let (folder, tokenizer) = try model.openFolder()
        let evidence = try UnitEvidence(folder: folderPath, model: folder)
        let replay = UnitReplay(
            UnitComputer(
                adapters: ModelAdapters(try BaseModel(folder)), tokenizer: tokenizer,
                // Completions are not judged again.
                rewards: RewardRunner { $0.map { _ in .unjudged } }))
        switch try replay.run(evidence) {
        case .completions(let count, let tokens):
            try StandardOutput.write(
                JSONText.line(Completions(unit: "\(evidence.lease.unit)", rollouts: count, tokens: tokens)))
            say("\(count) completions sampled again without a failure; no rollouts were saved to take a gradient of")
        case .gradient(let gradient):
            if let destination {
                try GradientFile.write(GradientFile.tensors(gradient.vector), model: folder, to: destination)
            }
            let summary = Summary(gradient, of: evidence)
            try StandardOutput.write(JSONText.line(summary))
            say(verdict(summary, evidence))
        }
    }

    private func say(_ line: String) {
        if !json { StandardError.write(line + "\n") }
    }

    private func verdict(_ summary: Summary, _ evidence: UnitEvidence) -> String {
        for completion in evidence.completions {
            guard let reason = completion.reward.missingReason else { continue }
            return
                "rewards were missing there: \(reason). Nothing is wrong with the numbers; the gradient here leaves them out"
        }
        guard let recorded = evidence.gradient else {
            return "the gradient is finite here; the worker sent none. Compare the machines"
        }
        if summary.gradient_digest == summary.recorded_gradient_digest {
            return "the same gradient as the worker sent, bit for bit"
        }
        if let index = recorded.firstIndex(where: { !$0.isFinite }) {
            return
                "the gradient is finite here; the worker's is \(recorded[index]) at value \(index). Check that machine"
        }
        return "another gradient than the worker sent; on machines of another kind the last bits may differ"
    }

    private struct Completions: Encodable {
        let unit: String
        let rollouts: Int
        let tokens: Int
    }

    private struct Summary: Encodable {
        let unit: String
        let rollouts: Int
        let loss: Double
        let policy_loss: Double
        let kl: Double?
        let gradient_digest: String
        let recorded_gradient_digest: String?

        init(_ gradient: UnitReplay.Gradient, of evidence: UnitEvidence) {
            unit = "\(evidence.lease.unit)"
            rollouts = evidence.completions.count
            loss = gradient.policyLoss + Double(gradient.klCoefficient) * (gradient.kl ?? 0)
            policy_loss = gradient.policyLoss
            kl = gradient.kl
            gradient_digest = gradient.digest.hexadecimal
            recorded_gradient_digest = evidence.gradient.map { Digest(of: $0).hexadecimal }
        }
    }
}
