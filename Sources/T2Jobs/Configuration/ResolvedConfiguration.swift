import Foundation
import T2Core
import T2Learning
import T2Transport
import Yams

/// A configuration with absolute paths, and the origin of each key.
package struct ResolvedConfiguration: Sendable, Equatable {
    package let configuration: RunConfiguration
    /// `math.yaml:3` or `--steps`; keys that were not given are absent.
    package let locations: [String: String]

    package init(configuration: RunConfiguration, locations: [String: String] = [:]) {
        self.configuration = configuration
        self.locations = locations
    }

    /// The key that ends the text of every configuration.
    static let lastKey = ConfigurationKey.missingLimit

    /// The text of a file that gives exactly this configuration.
    package func yaml() throws -> String {
        // JSON is valid YAML, and its numbers are written in the usual way.
        let json = String(decoding: try JSONEncoder().encode(configuration), as: UTF8.self)
        guard let values = try Yams.compose(yaml: json)?.mapping else { return "" }
        let ordered = ConfigurationKey.allCases.compactMap { key in
            // A message may look like another type, such as "no".
            let style: Node.Scalar.Style = key == .system ? .doubleQuoted : .any
            return values[Node(key.rawValue)]?.string.map { (Node(key.rawValue), Node($0, .implicit, style)) }
        }
        return try Yams.serialize(node: Node(ordered), allowUnicode: true)
    }

    /// Refuses values that are invalid by themselves or in combination.
    ///
    /// - Parameter contextLength: the context length of the base model.
    /// - Throws: `ConfigurationError` with all problems.
    package func check(contextLength: Int) throws {
        var problems: [ConfigurationError.Problem] = []
        func require(
            _ holds: Bool, _ key: ConfigurationKey, _ found: Any, _ expected: String? = nil, remedy: String = ""
        ) {
            guard !holds else { return }
            let end = remedy.isEmpty ? "" : " \(remedy)"
            problems.append(problem(key, "expected \(expected ?? key.expectation), found \(found).\(end)"))
        }
        let values = configuration
        // Larger values are not useful, and their products could overflow.
        let sizes: [(ConfigurationKey, Int, most: Int)] = [
            (.steps, values.steps, 10_000_000), (.promptsPerStep, values.promptsPerStep, 1_000_000),
            (.samplesPerPrompt, values.samplesPerPrompt, 10_000),
        ]
        for (key, size, most) in sizes { require((1...most).contains(size), key, size, "1 to \(most)") }
        require(
            (1...max(1, values.promptsPerStep)).contains(values.promptsPerUnit), .promptsPerUnit, values.promptsPerUnit,
            "1 to prompts-per-step (\(values.promptsPerStep))")
        require(
            values.temperature > 0 && values.temperature.isFinite, .temperature, values.temperature,
            remedy: "A greedy completion is not a sample of the policy, so its gradient would be biased.")
        require(values.maxTokens >= 1, .maxTokens, values.maxTokens)
        require(
            values.maxTokens < contextLength, .maxTokens, values.maxTokens,
            "fewer than the base model's context of \(contextLength) tokens",
            remedy: locations[ConfigurationKey.maxTokens.rawValue] == nil
                ? "It is the task's own limit: set a smaller one, --set max-tokens=…" : "")
        // A unit's lease must fit into one message, and so must its result.
        let limits = MessageLimits()
        let most = max(1, min(limits.completions, limits.tokens / max(1, values.maxTokens)))
        let carried = "a message carries at most \(most) completions of \(values.maxTokens) tokens"
        require(
            values.samplesPerPrompt <= most, .samplesPerPrompt, values.samplesPerPrompt, "at most \(most): \(carried)")
        let samples = min(max(1, values.samplesPerPrompt), most)
        let fewer = most / max(1, values.promptsPerUnit)
        require(
            values.promptsPerUnit <= most / samples, .promptsPerUnit, values.promptsPerUnit,
            "at most \(most / samples) with samples-per-prompt \(values.samplesPerPrompt): \(carried)",
            remedy: fewer > 0 ? "Or lower samples-per-prompt to \(fewer)." : "")
        require(values.reportKLEvery >= 0, .reportKLEvery, values.reportKLEvery)
        require(values.evaluateEvery >= 1, .evaluateEvery, values.evaluateEvery)
        require((0...1).contains(values.missingLimit), .missingLimit, values.missingLimit)
        require(values.validationProblems >= 1, .validationProblems, values.validationProblems)
        // The checks of T2Learning assume valid sizes.
        if problems.isEmpty {
            do { try values.validateLearning() } catch {
                problems.append(.init(location: learningLocation(error), message: "\(error)"))
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    /// The origin and the name of a key.
    package func location(of key: ConfigurationKey) -> String {
        locations[key.rawValue].map { "\($0): \(key.rawValue)" } ?? key.rawValue
    }

    func problem(_ key: ConfigurationKey, _ message: String) -> ConfigurationError.Problem {
        .init(location: location(of: key), message: message)
    }

    private func learningLocation(_ error: LearningError) -> String {
        guard case .configuration(let keys, _, _) = error else { return "configuration" }
        let given = keys.components(separatedBy: ", ").compactMap { locations[$0] }
        return given.isEmpty ? "configuration" : given.joined(separator: ", ")
    }
}
