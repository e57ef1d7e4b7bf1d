import Foundation
import T2Core
import T2Formats
import T2Tasks
import T2Verifiers

/// The question with which a model classifies a prompt into one of the experts' categories, and the parser of its answer.
///
/// - Source: arXiv 2501.06252, section 3.2: the answer is in `\boxed{}`, and `other` stands for the base model.
package struct Classification: Sendable, Equatable {
    package struct Category: Sendable, Equatable {
        package let name: String
        /// The name of the library's expert that answers prompts of this category.
        package let expert: String
    }

    /// The category of a prompt when the answer names no existing category.
    package static let other = "other"
    /// The token limit of an answer: room for `\boxed{}` around a word.
    package static let maxTokens = 16
    /// The name of the file in the library's folder.
    package static let fileName = "classification.yaml"
    private static let placeholder = "{prompt}"

    private let template: String
    package let categories: [Category]

    /// Reads the library's `classification.yaml` or, without one, makes a category for every expert under its name.
    ///
    /// - Throws: `InputError` with the invalid key of the file.
    package init(_ library: ExpertLibrary) throws {
        let path = "\(library.path)/\(Self.fileName)"
        let answering = library.answering
        guard FileManager.default.fileExists(atPath: path) else {
            categories = answering.map { Category(name: $0.name, expert: $0.name) }
            let names = categories.map(\.name).joined(separator: ", ")
            template = "Classify as \(names) or \(Self.other).\n\(Self.placeholder)\nCategory:"
            return
        }
        let file = try YAMLMapping(path: path)
        try file.requireOnly(["prompt", "categories"])
        let prompt = try file.requiredString("prompt")
        let count = prompt.components(separatedBy: Self.placeholder).count - 1
        guard count == 1 else {
            throw InputError(
                path, "prompt holds \(Self.placeholder) \(count) times, expected once",
                remedy: "Write \(Self.placeholder) once, where the prompt belongs.")
        }
        template = prompt
        let names = try file.requiredMapping("categories")
        categories = try names.keys.map { Category(name: $0, expert: try names.requiredString($0)) }
        for category in categories {
            guard answering.contains(where: { $0.name == category.expert }) else {
                throw InputError(
                    path,
                    "category '\(category.name)' names the expert '\(category.expert)', which is not in \(library.path)",
                    remedy: "Name one of its experts: \(answering.map(\.name).joined(separator: ", ")).")
            }
        }
    }

    /// The question about a problem's prompt as a problem. `dispatch` parses the answer, which is not judged.
    package func problem(_ problem: Problem) -> Problem {
        Problem(
            id: problem.id, topic: problem.topic, prompt: question(problem.prompt), verification: .unverified,
            chat: problem.chat)
    }

    /// The decision that follows from the classifier's answer.
    package func dispatch(_ answer: String) -> Dispatch {
        let found = BoxedAnswer(inCompletion: answer)?.content
        let category = categories.first { $0.name == found }
        return Dispatch(category: category?.name ?? Self.other, expert: category?.expert, answer: answer)
    }

    /// The classifier's prompt.
    package func question(_ prompt: String) -> String {
        template.replacingOccurrences(of: Self.placeholder, with: prompt)
    }
}
