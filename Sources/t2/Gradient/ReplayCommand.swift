import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Model
import T2Transport
import T2Worker

/// Recomputes a failed unit of a run.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Recomputes a unit that failed in training, from the folder in which t2-coord saved it.",
        discussion: """
            The folder holds the unit's lease with its temperature and divergence, its policies, and its completions, if any: \
            token identifiers, log-probabilities and advantages. The command computes their gradient as the worker did, to the \
            last bit on a machine of the same kind. If there are no completions, it samples them again from the lease's seeds.

            For a gradient it prints one JSON object, {"unit", "rollouts", "loss", "policy_loss", "kl", "gradient_digest", \
            "recorded_gradient_digest"}: sums over the unit's completions, loss = policy_loss + λ·kl, and the digests of the \
            gradient computed now and of the one that the worker sent, if any. For completions it prints {"unit", "rollouts", \
            "tokens"}. If a number is not finite, the exit status is 65 and the error names the first weight and token at fault.

            Example:
              t2 replay runs/math/evidence/step-000012-train-3/attempt-1 \\
                --model experts/tiny/base --output gradient.safetensors
            """)

    @Argument(help: ArgumentHelp("The folder with lease.json.", valueName: "evidence"))
    var folderPath: String

    @OptionGroup var model: ModelOptions
    @OptionGroup var weights: WeightOptions

    @Option(
        help: ArgumentHelp("Safetensors file to write the gradient to, under the weights' names.", valueName: "file"))
    var output: String?

    @Flag(help: "Print the JSON object alone, without the summary on standard error.")
    var json = false

    func run() throws {
        let destination = try output.map { try OutputDestination(checking: $0) }
        let (folder, tokenizer) = try model.openFolder(weights.choice)
        let evidence = try UnitEvidence(folder: folderPath, model: folder)
        let replay = UnitReplay(
            UnitComputer(
                adapters: ModelAdapters(try BaseModel(fitting: folder)), tokenizer: tokenizer,
                // Completions are not judged again.
                rewards: RewardRunner { $0.map { _ in .unjudged } }))
        switch try replay.run(evidence) {
        case .completions(let count, let tokens):
            try StandardOutput.write(
                JSONText.line(Completions(unit: "\(evidence.lease.unit)", rollouts: count, tokens: tokens)))
            say("\(count) completions sampled again without a failure; none were saved to compute a gradient of")
        case .gradient(let gradient):
            if let destination { try GradientFile.write(gradient.vector.tensors, model: folder, to: destination) }
            let summary = Summary(gradient, of: evidence)
            try StandardOutput.write(JSONText.line(summary))
            say(verdict(summary, evidence))
        }
    }

    private func say(_ line: String) { if !json { StandardError.write(line + "\n") } }

    private func verdict(_ summary: Summary, _ evidence: UnitEvidence) -> String {
        if let reason = evidence.completions.lazy.compactMap(\.reward.missingReason).first {
            return
                "rewards were missing on the worker: \(reason). The numbers are sound; the gradient here leaves those completions out"
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
        return "the gradient differs from the worker's; on machines of another kind the last bits may differ"
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
