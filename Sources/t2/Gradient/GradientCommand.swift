import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Learning
import T2Model

/// Computes ∂L/∂z of given rollouts.
struct GradientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradient",
        abstract: "Computes the training loss of rollouts and its gradient with respect to z.",
        discussion: """
            L = −(1/B) Σ a·log π + (λ/B) Σ KL over B rollouts; KL is summed over completion tokens, exact over the vocabulary. \
            The gradient is written as safetensors under the weights' Hugging Face names; {"loss", "policy_loss", "kl"} is \
            printed as one JSON object, where kl = (1/B) Σ KL and loss = policy_loss + λ·kl. Without --expert, z = 1. \
            With a PEFT LoRA folder it is the gradient with respect to A and B, under peft's names.

            Rollouts are JSON Lines: {"prompt_ids": […], "completion_ids": […], "advantage": a}.

            Examples:
              t2 gradient --model experts/tiny/base --rollouts rollouts.jsonl \\
                --kl-coefficient 0.1 --kl-direction policy-reference \\
                --output gradient.safetensors
              t2 gradient --model experts/tiny/base --expert runs/lora/expert-best \\
                --rollouts rollouts.jsonl --kl-coefficient 0 \\
                --kl-direction policy-reference --output gradient.safetensors
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: ArgumentHelp("Type of the weights in memory: f32, bf16 or auto.", valueName: "type"))
    var weights = WeightChoice.f32
    @OptionGroup var laneOptions: LaneOptions

    @Option(
        help: ArgumentHelp(
            "Expert file of this base model, or a PEFT LoRA folder. (default: z = 1)", valueName: "path"))
    var expert: String?

    @Option(name: .customLong("rollouts"), help: ArgumentHelp("JSON Lines; - is standard input.", valueName: "file"))
    var rolloutPath: String

    @Option(help: ArgumentHelp("λ, 0 or more.", valueName: "x"))
    var klCoefficient: Float

    @Option(help: "The divergence: KL(policy‖reference) or KL(reference‖policy).")
    var klDirection: KLDirection

    @Option(help: ArgumentHelp("Temperature of sampling; divides the logits of both policies.", valueName: "t"))
    var temperature: Float = 1

    @Option(help: "The matrices whose z get a gradient. (default: all)")
    var targetModules: TargetModules?

    @Option(help: ArgumentHelp("Safetensors file to write.", valueName: "file"))
    var output: String

    @Flag(help: "Print the JSON object alone, without the summary on standard error.")
    var json = false

    func validate() throws {
        guard temperature.isFinite, temperature > 0 else {
            throw ValidationError("--temperature is \(temperature), expected a number above 0.")
        }
    }

    func run() throws {
        let lossFunction = try PolicyGradientLoss(
            klCoefficient: klCoefficient, klDirection: klDirection, klEstimator: .exact)
        let destination = try OutputDestination(checking: output)
        let (folder, _) = try model.openFolder(weights)
        let rollouts = try RolloutFile(path: rolloutPath, model: folder.configuration)
        let point = try GradientPoint(expertPath: expert, targets: targetModules, model: folder)
        let base = try BaseModel(fitting: folder)
        let (adapter, vector) = try ProgressReporter.during("decomposing", "matrices") {
            try point.adapter(base, progress: $0)
        }
        let start = ContinuousClock.now
        let result = try ProgressReporter.during("gradient", "rollouts") {
            try RolloutGradient(
                rollouts, adapter, z: vector, temperature: temperature, loss: lossFunction,
                lanes: try laneOptions.pool(base), progress: $0)
        }
        let seconds = (ContinuousClock.now - start).seconds
        if let name = result.gradient.firstNonFinite {
            throw InputError(
                "gradient", "the part of '\(name)' is not finite; nothing was written",
                remedy: "Check the expert's values and the advantages.")
        }
        try GradientFile.write(point.tensors(result.gradient), model: folder, to: destination)
        let loss = result.policyLoss + Double(klCoefficient) * result.kl
        try StandardOutput.write(JSONText.line(["loss": loss, "policy_loss": result.policyLoss, "kl": result.kl]))
        guard !json else { return }
        let tokens = rollouts.sequences.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        let norm = result.gradient.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        StandardError.write(
            "wrote \(output): \(PlainText.count(adapter.layout.count)) values, norm \(String(format: "%.6g", norm)), from "
                + "\(rollouts.sequences.count) rollouts in \(Duration.seconds(seconds).text) "
                + "(\(PlainText.count(Int(Double(tokens) / seconds))) tokens/s)\n")
    }
}

/// A gradient on disk: safetensors, one float32 vector per weight under its Hugging Face name, or LoRA's factors.
enum GradientFile {
    static func write(
        _ tensors: [SafetensorsWriter.Tensor], model: BaseModelFolder, to destination: OutputDestination
    ) throws {
        try SafetensorsWriter.write(
            tensors, metadata: ["format": "t2-gradient/1", "base-model-digest": model.digest.hexadecimal],
            to: destination.path)
    }
}

extension KLDirection: ExpressibleByArgument {}
extension TargetModules: ExpressibleByArgument {}
