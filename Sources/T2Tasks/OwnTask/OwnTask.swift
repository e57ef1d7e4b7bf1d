import Foundation
import T2Core

/// A task of the user's own: a folder with `task.yaml` and files of records.
///
///     name: capitals
///     version: 1
///     prompt: |-
///       Name the capital of {country} in \boxed{{}}.
///     splits:
///       train: train.jsonl
///       valid: valid.jsonl
///       test: test.jsonl
///     verifier: boxed
///
/// `{field}` is a record's field. Optional are `summary`, `reference` (the template of a right completion), `stop`, `max-tokens`
/// and the names of the fields `id` and `topic`; `prompt`, `reference` and `stop` may be a mapping with `chat` and `plain`.
/// `verifier` is a name or a mapping of `kind` and what that kind reads.
package struct OwnTask: Sendable {
    package static let fileName = "task.yaml"
    static let keys = [
        "name", "version", "summary", "prompt", "reference", "splits", "verifier", "stop", "max-tokens", "id", "topic",
    ]

    package let name: String
    let version: Int
    let summary: String
    /// As it was given.
    package let folder: String
    let rule: AnswerRule
    let prompts: [PromptForm: PromptTemplate]
    let references: [PromptForm: PromptTemplate]
    let stops: [PromptForm: [String]]
    let files: [Split: String]
    package let maxTokens: Int?
    /// The field of a record that names it; records without one are numbered.
    let idField: String?
    let topicField: String?

    /// Of the task's file, and of every file beside it that its command names.
    var fingerprint: String {
        var parts = [name, path]
        if case .external(let command, _) = rule { parts += command.map { "\(folder)/\($0)" } }
        return parts.map { (try? MappedFile(path: $0).withBytes { Digest(of: $0).hexadecimal }) ?? $0 }
            .joined(separator: " ")
    }

    /// Of the task's file.
    package var path: String { "\(folder)/\(Self.fileName)" }

    package static func isFolder(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(fileName)")
    }

    /// - Throws: `SystemError` if there is no such file; `InputError` (configuration) naming the key at fault.
    package init(folder: String) throws {
        self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let file = try YAMLMapping(path: "\(self.folder)/\(Self.fileName)")
        // What belongs to a verifier is looked for beside it first.
        if let key = ["pattern", "command", "timeout"].first(where: file.keys.contains) {
            throw InputError(
                file.location(key), "stands beside verifier, expected it inside",
                remedy: "Write verifier: {kind: …, \(key): …}.", exitStatus: .configuration)
        }
        try file.requireOnly(Self.keys)
        name = try file.requiredString("name")
        guard name.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._-]{0,63}/#) != nil else {
            throw file.wrong("name", "letters, digits, - _ . and no more than 64 of them")
        }
        version = try file.int("version", atLeast: 1) ?? 1
        summary = try file.string("summary") ?? "a task of your own"
        rule = try AnswerRule(file)
        let prompts = try Self.templates("prompt", in: file)
        if prompts.isEmpty { throw file.wrong("prompt", "a text with {field} for the fields of a record") }
        self.prompts = prompts
        references = try Self.templates("reference", in: file)
        stops = try Self.forms("stop", in: file) { try $0.strings($1) }
        maxTokens = try file.int("max-tokens", atLeast: 1)
        idField = try file.string("id")
        topicField = try file.string("topic")
        files = try Self.files(file)
    }

    package var trainingTask: TrainingTask {
        TrainingTask(name: name, version: version, summary: summary, origin: .folder(folder), source: self)
    }

    /// The command that judges completions, if the task has one.
    ///
    /// - Throws: `InputError` (configuration) if it cannot be found.
    func externalVerifier(parallelism: Int) throws -> ExternalVerifier? {
        guard case .external(let command, let timeout) = rule else { return nil }
        return try ExternalVerifier(command: command, folder: folder, timeout: timeout, parallelism: parallelism)
    }

    private static func files(_ file: YAMLMapping) throws -> [Split: String] {
        let splits = try file.requiredMapping("splits")
        try splits.requireOnly(Split.allCases.map(\.rawValue))
        var files: [Split: String] = [:]
        for split in Split.allCases {
            guard let name = try splits.string(split.rawValue) else { continue }
            if name.isEmpty { throw splits.wrong(split.rawValue, "the name of a file") }
            files[split] = name
        }
        if files.isEmpty { throw file.wrong("splits", "at least one of train, valid and test") }
        return files
    }

    private static func templates(_ key: String, in file: YAMLMapping) throws -> [PromptForm: PromptTemplate] {
        try forms(key, in: file) { mapping, key in
            guard let text = try mapping.string(key) else { return nil }
            do {
                return try PromptTemplate(text)
            } catch let flaw as RecordFlaw {
                throw InputError(
                    mapping.location(key), flaw.description, remedy: "Correct the file.", exitStatus: .configuration)
            }
        }
    }

    /// A value for both forms, or a mapping that has one for each. Of a prompt or a reference, the form that it lacks gets the
    /// other's; of stop strings, none: a chat model ends its turn.
    private static func forms<Value>(
        _ key: String, in file: YAMLMapping, read: (YAMLMapping, String) throws -> Value?
    ) throws -> [PromptForm: Value] {
        var values: [PromptForm: Value] = [:]
        if file.isMapping(key) {
            let mapping = try file.requiredMapping(key)
            try mapping.requireOnly(PromptForm.allCases.map(\.rawValue))
            for form in PromptForm.allCases { values[form] = try read(mapping, form.rawValue) }
            return values
        }
        let value = try read(file, key)
        for form in PromptForm.allCases { values[form] = value }
        return values
    }
}
