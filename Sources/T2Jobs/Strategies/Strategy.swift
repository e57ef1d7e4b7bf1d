import T2Core

/// How a prompt finds the policy that answers it. A new strategy needs a case here, a `PolicyAssigner`, and a line in
/// `Strategy+Assigner.swift`.
package enum Strategy: Sendable, Equatable {
    /// The base model answers.
    case none
    /// The base model, or the classification expert, decides in a first pass.
    case classified(PromptClassifier)
    /// The mixture of experts that a search on a few examples of the task finds answers.
    case fewShot
    /// An expert drawn at random answers, as the control that other ways of dispatch must beat.
    case random
    /// An expert file answers.
    case file(String)

    /// The named strategies with their descriptions, for help texts.
    package static let named: [(strategy: Strategy, description: String)] = [
        (.none, "the base model answers"),
        (.classified(.base), "the base model classifies the prompt first"),
        (.classified(.expert), "the classification expert classifies the prompt first"),
        (.fewShot, "the mixture of experts that answers a few examples best answers"),
        (.random, "an expert drawn at random answers, as the control"),
    ]

    package static var names: [String] { named.map(\.strategy.name) }

    /// The strategy of this name; any other text is the path of an expert file.
    package init(_ text: String) {
        self = Self.named.first { $0.strategy.name == text }?.strategy ?? .file(text)
    }

    package var name: String {
        switch self {
        case .none: "none"
        case .classified(let classifier): classifier.rawValue
        case .fewShot: "few-shot"
        case .random: "random"
        case .file(let path): path
        }
    }

    /// Whether the strategy chooses among the experts of a folder.
    package var needsExperts: Bool {
        switch self {
        case .none, .file: false
        case .classified, .fewShot, .random: true
        }
    }

    /// The path of the expert file that answers all prompts, if the strategy is one.
    package var file: String? {
        if case .file(let path) = self { path } else { nil }
    }
}
