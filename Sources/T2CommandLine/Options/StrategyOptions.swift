import ArgumentParser
import Foundation
import T2Core
import T2Formats
import T2Jobs

extension Strategy: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

/// The strategy by which prompts find the policy that answers them.
package struct StrategyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Expert file of this base model, or a PEFT LoRA folder. (default: the base model)", valueName: "path"))
    package var expert: String?

    @Option(help: ArgumentHelp("Folder of the experts that the strategy chooses among.", valueName: "dir"))
    package var experts: String?

    @Option(
        name: .customLong("strategy"),
        help: ArgumentHelp(
            Strategy.named.map { "\($0.strategy.name): \($0.description)" }.joined(separator: "; ")
                + "; or an expert file, as with --expert.", valueName: "strategy"))
    package var strategyName: Strategy?

    @Option(help: ArgumentHelp("Number of examples for the search of few-shot.", valueName: "n"))
    package var shots = 10

    package init() {}

    package func validate() throws {
        try require("--shots", shots, atLeast: 1)
        if strategyName != nil, expert != nil {
            throw ValidationError("--expert and --strategy both choose the policy that answers: give one of them.")
        }
        guard let strategy = strategyName else {
            if experts != nil {
                throw ValidationError("--experts needs --strategy: \(Strategy.names.joined(separator: ", ")).")
            }
            return
        }
        if strategy.needsExperts, experts == nil {
            throw ValidationError("--strategy \(strategy.name) needs --experts DIR, the experts to choose among.")
        }
        if case .file(let path) = strategy, !FileManager.default.fileExists(atPath: path) {
            let suggestion = nearestName(to: path, among: Strategy.names).map { "Did you mean \($0)? " } ?? ""
            throw ValidationError(
                "--strategy '\(path)' is neither a strategy nor a file. \(suggestion)"
                    + "Strategies: \(Strategy.names.joined(separator: ", ")), or an expert file.")
        }
    }

    /// The question of the first pass; nil for a strategy without one.
    package func classification(for model: BaseModelFolder) throws -> Classification? {
        guard case .classified = strategy, let experts else { return nil }
        return try Classification(ExpertLibrary(path: experts, model: model.digest))
    }

    package var strategy: Strategy { strategyName ?? expert.map { .file($0) } ?? .none }
}
