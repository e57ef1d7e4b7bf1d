import Foundation
import T2Core
import Yams

/// The question by which a model puts a prompt into one of the experts' categories, and how its answer is read.
///
/// - Source: arXiv 2501.06252, section 3.2: the answer stands in `\boxed{}`, and `other` is the base model.
package struct Classification: Sendable, Equatable {
    package struct Category: Sendable, Equatable {
        package let name: String
        /// Name of the library's expert that answers prompts of this category.
        package let expert: String
    }

    /// What a prompt is when no category is named, or none that there is.
    package static let other = "other"
    /// Tokens of an answer at most: room for `\boxed{}` around a word.
    package static let maxTokens = 16
    /// Where it is written down, in the library's folder.
    package static let fileName = "classification.yaml"
    private static let placeholder = "{prompt}"

    private let template: String
    package let categories: [Category]

    /// The library's own `classification.yaml`, or else a category for every expert, under its name.
    ///
    /// - Throws: `InputError` naming the file's key at fault.
    package init(_ library: ExpertLibrary) throws {
        let path = "\(library.path)/\(Self.fileName)"
        let answering = library.entries.filter { !$0.isClassifier }
        guard FileManager.default.fileExists(atPath: path) else {
            categories = answering.map { Category(name: $0.name, expert: $0.name) }
            let names = categories.map(\.name).joined(separator: ", ")
            template = "Classify as \(names) or \(Self.other).\n\(Self.placeholder)\nCategory:"
            return
        }
        let file = try File(path: path)
        guard file.prompt.components(separatedBy: Self.placeholder).count == 2 else {
            throw InputError(
                path,
                "prompt holds \(Self.placeholder) \(file.prompt.components(separatedBy: Self.placeholder).count - 1) times, "
                    + "expected once", remedy: "Write \(Self.placeholder) where the prompt is to stand.")
        }
        template = file.prompt
        categories = file.categories
        for category in categories {
            guard answering.contains(where: { $0.name == category.expert }) else {
                throw InputError(
                    path,
                    "category '\(category.name)' names the expert '\(category.expert)', which is not in \(library.path)",
                    remedy: "There are: \(answering.map(\.name).joined(separator: ", ")).")
            }
        }
    }

    /// What the classifying model reads.
    package func question(_ prompt: String) -> String {
        template.replacingOccurrences(of: Self.placeholder, with: prompt)
    }

    private struct File {
        let prompt: String
        let categories: [Category]

        init(path: String) throws {
            let remedy = "Write 'prompt: TEXT' and 'categories:' with a line 'NAME: EXPERT' each."
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw SystemError("read", path)
            }
            let root: Node?
            do { root = try Yams.compose(yaml: text) } catch {
                throw InputError(path, "is not YAML: \(error)", remedy: remedy)
            }
            guard let mapping = root?.mapping else { throw InputError(path, "is no mapping", remedy: remedy) }
            for case let (key?, _) in mapping.map({ ($0.key.string, $0.value) })
            where !["prompt", "categories"].contains(key) {
                throw InputError(path, "has an unknown key '\(key)'", remedy: remedy)
            }
            guard let prompt = mapping["prompt"]?.string, let categories = mapping["categories"]?.mapping,
                !categories.isEmpty
            else { throw InputError(path, "has no prompt or no categories", remedy: remedy) }
            self.prompt = prompt
            self.categories = try categories.map { key, value in
                guard let name = key.string, let expert = value.string else {
                    throw InputError(path, "categories holds something other than NAME: EXPERT", remedy: remedy)
                }
                return Category(name: name, expert: expert)
            }
        }
    }
}
