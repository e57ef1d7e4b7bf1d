import Foundation
import T2Core
import T2Tasks

extension TrainingPreparation {
    /// The plan of the run in numbers, line by line, to check before it starts.
    package var plan: [String] {
        let configuration = definition.configuration
        let planner = definition.planner
        let units = planner.work(step: 0)
        let trainingUnits = units.count { $0.key.phase == .train }
        let evaluations = (0...configuration.steps).filter(planner.isEvaluated)
        let trained = definition.parameterisation.lora == nil ? "z" : "A and B"
        let vectorBytes = definition.layout.count * MemoryLayout<Float>.size
        let sequences = configuration.promptsPerStep * configuration.samplesPerPrompt
        let epochs = Double(configuration.steps * configuration.promptsPerStep) / Double(definition.training.count)
        return [
            row("task", "\(configuration.task), version \(task.version)"),
            row(
                "problems",
                "\(definition.training.count) to train on, \(definition.validation.count) of \(validationSplit) to validate"
            ),
            row("base model", "\(configuration.model), digest \(definition.model.digest.short)"),
            adapterRow,
            row(
                "step",
                "\(configuration.promptsPerStep) prompts x \(configuration.samplesPerPrompt) = \(sequences) sequences in "
                    + "\(trainingUnits) units, at most \(sequences * configuration.maxTokens) new tokens"),
            row(
                "run",
                "\(configuration.steps) steps, \(String(format: "%.1f", epochs)) epochs, \(configuration.steps * sequences) sequences"
            ),
            row(
                "evaluations",
                "\(evaluations.count), at steps \(Self.listed(evaluations)), each of \(definition.validation.count) problems in "
                    + "\(units.count - trainingUnits) units"),
            row(
                "exchanged",
                "a step: \(trained) to each worker, \(Self.size(vectorBytes)); a gradient back from each unit, "
                    + "\(trainingUnits) x \(Self.size(vectorBytes)) = \(Self.size(trainingUnits * vectorBytes))"),
            row("checked", checked.joined(separator: "; ")),
        ]
    }

    /// The number of trained values, and their matrices.
    private var adapterRow: String {
        let targets = definition.configuration.targetModules.rawValue
        guard let matrices = definition.parameterisation.lora?.matrices, let first = matrices.first else {
            return row(
                "z", "\(definition.layout.count) values in \(definition.layout.entries.count) matrices (\(targets))")
        }
        return row(
            "A and B",
            "LoRA: \(definition.layout.count) values in \(matrices.count) matrices (\(targets)), rank \(first.rank), "
                + "scale alpha/rank = \(first.scale)")
    }

    private func row(_ name: String, _ value: String) -> String {
        "  " + name.padding(toLength: 13, withPad: " ", startingAt: 0) + value
    }

    private static func listed(_ steps: [Int]) -> String {
        let named =
            steps.count > 8
            ? steps.prefix(4).map(String.init) + ["…"] + steps.suffix(2).map(String.init) : steps.map(String.init)
        return named.joined(separator: ", ")
    }

    /// `17.0 KiB`
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1024: "\(bytes) bytes"
        case ..<(1 << 20): String(format: "%.1f KiB", Double(bytes) / 1024)
        default: String(format: "%.1f MiB", Double(bytes) / Double(1 << 20))
        }
    }
}
