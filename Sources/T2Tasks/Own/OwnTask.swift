import Foundation
import T2Core
import T2Formats
import T2Sandbox

/// A user's own task: a folder with `task.yaml` and files of records.
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
/// `{field}` is replaced by a field of the record. Optional keys are `summary`, `reference` (the template of a right
/// completion), `stop`, `max-tokens`, and `id` and `topic`, which name fields. `prompt`, `reference` and `stop` may be
/// a mapping with `chat` and `plain`. `verifier` is a name, or a mapping of `kind` and the keys of that kind.
package struct OwnTask: Sendable {
    package static let fileName = "task.yaml"
    static let keys = [
        "name", "version", "summary", "prompt", "reference", "splits", "verifier", "stop", "max-tokens", "id", "topic",
    ]

    package let name: String
    let version: Int
    let summary: String
    /// The path as given by the user.
    package let folder: String
    let rule: AnswerRule
    let prompts: [PromptForm: PromptTemplate]
    let references: [PromptForm: PromptTemplate]
    let stops: [PromptForm: [String]]
    let files: [Split: String]
    package let maxTokens: Int?
    /// The field that holds a record's id; without it, records are numbered.
    let idField: String?
    let topicField: String?

    /// The digests of the task's file and of the files in its folder that its command names; the same in every copy of the
    /// folder, wherever it lies.
    var fingerprint: String {
        var files = [Self.fileName]
        if case .external(let command, _) = rule { files += command }
        let parts = files.map { file in
            (try? MappedFile(path: "\(folder)/\(file)").digest.hexadecimal) ?? file
        }
        return ([name] + parts).joined(separator: " ")
    }

    /// The path of the task's file.
    package var path: String { "\(folder)/\(Self.fileName)" }

    package static func isFolder(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(fileName)")
    }

    /// - Throws: `SystemError` if there is no such file; `InputError` (configuration) that names the key at fault.
    package init(folder: String) throws {
        self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let file = try YAMLMapping(path: "\(self.folder)/\(Self.fileName)")
        // Keys of the verifier are a likely mistake at the top level, so they get their own message.
        if let key = ["pattern", "command", "timeout"].first(where: file.keys.contains) {
            throw InputError(
                file.location(key), "is at the top level, expected it under verifier",
                remedy: "Write verifier: {kind: …, \(key): …}.", exitStatus: .configuration)
        }
        try file.requireOnly(Self.keys)
        name = try file.requiredString("name")
        guard name.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._-]{0,63}/#) != nil else {
            throw file.wrong("name", "at most 64 letters, digits and - _ .")
        }
        version = try file.int("version", atLeast: 1) ?? 1
        summary = try file.string("summary") ?? "a task of your own"
        rule = try AnswerRule(file)
        prompts = try Self.templates("prompt", in: file)
        if prompts.isEmpty { throw file.wrong("prompt", "a text with {field} for each field of a record") }
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

    /// The external verifier of the task, if it has one.
    ///
    /// - Throws: `InputError` (configuration) if its program cannot be found.
    func externalVerifier(parallelism: Int) throws -> ExternalVerifier? {
        guard case .external(let command, let timeout) = rule else { return nil }
        return try ExternalVerifier(command: command, folder: folder, timeout: timeout, parallelism: parallelism)
    }

    private static func files(_ file: YAMLMapping) throws -> [Split: String] {
        let splits = try file.requiredMapping("splits")
        try splits.requireOnly(Split.allCases.map(\.rawValue))
        var files: [Split: String] = [:]
        for split in Split.allCases {
            files[split] = try splits.string(split.rawValue)
            if files[split] == "" { throw splits.wrong(split.rawValue, "the name of a file") }
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

    /// Reads a value for both forms, or a mapping with a value for each. A missing prompt or reference is taken from
    /// the other form; missing stop strings are not, because a chat model ends its turn by itself.
    private static func forms<Value>(
        _ key: String, in file: YAMLMapping, read: (YAMLMapping, String) throws -> Value?
    ) throws -> [PromptForm: Value] {
        var values: [PromptForm: Value] = [:]
        if let mapping = file.nestedMapping(key) {
            try mapping.requireOnly(PromptForm.allCases.map(\.rawValue))
            for form in PromptForm.allCases { values[form] = try read(mapping, form.rawValue) }
        } else if let value = try read(file, key) {
            for form in PromptForm.allCases { values[form] = value }
        }
        return values
    }
}
