import ArgumentParser
import Foundation
import T2Core
import T2Evaluation

/// The strategy by which prompts find the z that answers them.
package struct StrategySelectionOptions: ParsableArguments {
    @Option(
        name: .customLong("expert"),
        help: ArgumentHelp(
            "Expert file of this base model, or a PEFT LoRA folder; without it the base model itself is run.",
            valueName: "path"))
    package var expertPath: String?

    @Option(
        help: ArgumentHelp(
            "Folder of the experts to choose among; needed by prompt, cls-expert, few-shot.", valueName: "dir"))
    package var experts: String?

    @Option(
        help: ArgumentHelp(
            "none: the base model; prompt: it classifies the prompt first; cls-expert: an expert does; few-shot: the mixture "
                + "that answers a few examples best; or an expert file, as with --expert.", valueName: "strategy"))
    package var adapt: Strategy?

    @Option(help: ArgumentHelp("Examples that few-shot searches with.", valueName: "n"))
    package var shots = 10

    package init() {}

    package func validate() throws {
        guard shots >= 1 else { throw ValidationError("--shots is \(shots), expected 1 or more.") }
        if adapt != nil, expertPath != nil {
            throw ValidationError("--expert and --adapt both say what answers: give one of them.")
        }
        guard let adapt else {
            if experts != nil {
                throw ValidationError("--experts needs --adapt: \(Strategy.names.joined(separator: ", ")).")
            }
            return
        }
        if adapt.needsExperts, experts == nil {
            throw ValidationError("--adapt \(adapt.name) needs --experts DIR, the experts to choose among.")
        }
        if case .file(let path) = adapt, !FileManager.default.fileExists(atPath: path) {
            let suggestion = nearestName(to: path, among: Strategy.names).map { "Did you mean \($0)? " } ?? ""
            throw ValidationError(
                "--adapt '\(path)' is neither a strategy nor a file. \(suggestion)"
                    + "Strategies: \(Strategy.names.joined(separator: ", ")), or an expert file.")
        }
    }

    /// What the first pass asks; nil for a strategy without one.
    ///
    /// - Throws: what reading the experts' library and its classification throws.
    package func classification(for model: BaseModelFolder) throws -> Classification? {
        guard case .classified = strategy, let experts else { return nil }
        return try Classification(ExpertLibrary(path: experts, model: model.digest))
    }

    package var strategy: Strategy { adapt ?? expertPath.map { .file($0) } ?? .none }
}
