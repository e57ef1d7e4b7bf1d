import ArgumentParser
import T2Evaluation

/// How a prompt finds the z that answers it.
package enum Strategy: Equatable, ExpressibleByArgument {
    /// The base model.
    case none
    /// The base model, or the classification expert, decides in a first pass.
    case classified(PromptClassifier)
    /// The mixture that a few examples of the task are answered best with.
    case fewShot
    /// An expert file.
    case file(String)

    package static let names = ["none", "prompt", "cls-expert", "few-shot"]

    package init?(argument: String) {
        switch argument {
        case "none": self = .none
        case "few-shot": self = .fewShot
        default: self = PromptClassifier(rawValue: argument).map { .classified($0) } ?? .file(argument)
        }
    }

    package var name: String {
        switch self {
        case .none: "none"
        case .classified(let classifier): classifier.rawValue
        case .fewShot: "few-shot"
        case .file(let path): path
        }
    }

    package var needsExperts: Bool {
        switch self {
        case .none, .file: false
        case .classified, .fewShot: true
        }
    }

    /// The expert file that answers, if it is one for all prompts.
    package var file: String? {
        if case .file(let path) = self { path } else { nil }
    }
}
