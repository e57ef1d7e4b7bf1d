import Foundation
import T2Core
import T2Formats
import T2Tasks
import Yams

/// The sources of a run's configuration: a file, and values on the command line that override it.
///
/// Paths in the file are relative to the file, and paths on the command line to the current folder.
package struct ConfigurationSource: Sendable, Equatable {
    /// One key given on the command line.
    package struct Assignment: Sendable, Equatable {
        package let key: String
        package let value: String
        /// The flag, for error messages.
        package let location: String

        package init(key: String, value: String, location: String) {
            self.key = key
            self.value = value
            self.location = location
        }

        /// Parses `key=value`, as given to `--set`.
        ///
        /// - Throws: `ConfigurationError` if there is no `=`.
        package init(setting text: String) throws {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ConfigurationError("--set \(text)", "expected key=value. Example: --set learning-rate=0.005")
            }
            self.init(
                key: String(text[..<equals]), value: String(text[text.index(after: equals)...]),
                location: "--set \(text)")
        }
    }

    package let file: String?
    package let assignments: [Assignment]
    /// Whether the file is one that `ResolvedConfiguration.yaml` wrote, and names all keys.
    package let isSaved: Bool

    package init(file: String?, isSaved: Bool = false, assignments: [Assignment]) {
        self.file = file
        self.isSaved = isSaved
        self.assignments = assignments
    }

    /// Reads the configuration and makes every path absolute. Values have the right type, but their consistency is unchecked.
    ///
    /// - Throws: `ConfigurationError` with the file and line or the flag; `SystemError` if the file cannot be read.
    package func resolve(currentFolder: String = FileManager.default.currentDirectoryPath) throws
        -> ResolvedConfiguration
    {
        var entries = try file.map(entriesOfFile) ?? []
        for assignment in assignments {
            entries.removeAll { $0.key == assignment.key }
            entries.append(
                Entry(
                    key: assignment.key, value: Self.scalar(assignment), location: assignment.location,
                    folder: currentFolder))
        }
        let unknown = entries.compactMap(Self.unknownKey)
        guard unknown.isEmpty else { throw ConfigurationError(problems: unknown) }
        var configuration = try Self.decode(entries)
        let given = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        func absolute(_ path: String, _ key: ConfigurationKey) -> String {
            let folder = given[key.rawValue]?.folder ?? file.map(Self.folder) ?? currentFolder
            return URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: folder, isDirectory: true))
                .standardizedFileURL.path
        }
        configuration.model = absolute(configuration.model, .model)
        configuration.data =
            configuration.data.map { absolute($0, .data) } ?? BaseModelFolder.defaultData(model: configuration.model)
        // A task may be a folder; its path is then made absolute as well.
        let folder = absolute(configuration.task, .task)
        if OwnTask.isFolder(folder) || configuration.task.contains("/") { configuration.task = folder }
        configuration.completeAdapter()
        // Whether the task exists is checked later.
        if given[ConfigurationKey.maxTokens.rawValue] == nil,
            let limit = (try? TaskRegistry.bundled.task(named: configuration.task))?.maxTokens
        {
            configuration.maxTokens = limit
        }
        if given[ConfigurationKey.learningRate.rawValue] == nil {
            configuration.learningRate = configuration.adapter.defaultLearningRate
        }
        return ResolvedConfiguration(configuration: configuration, locations: given.mapValues(\.location))
    }

    private struct Entry {
        let key: String
        let value: Node
        let location: String
        let folder: String
    }

    private func entriesOfFile(_ path: String) throws -> [Entry] {
        let content = try MappedFile(path: path).data
        let name = URL(fileURLWithPath: path).lastPathComponent
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(decoding: content, as: UTF8.self))
        } catch let error as YamlError {
            throw Self.unreadable(name, error)
        }
        guard case .mapping(let mapping) = node ?? [:] else {
            throw ConfigurationError(path, "expected lines of 'key: value'.")
        }
        guard !isSaved || mapping.contains(where: { $0.key.string == ResolvedConfiguration.lastKey.rawValue }) else {
            throw ConfigurationError(
                path,
                "incomplete: it ends before the key '\(ResolvedConfiguration.lastKey.rawValue)', with which the saved "
                    + "configuration of a run ends. Restore the file from a copy, or give the run's configuration by --config."
            )
        }
        return mapping.map { key, value in
            let line = key.mark.map { "\(name):\($0.line)" } ?? name
            return Entry(key: key.string ?? "", value: value, location: line, folder: Self.folder(path))
        }
    }

    /// A YAML error as one line.
    private static func unreadable(_ name: String, _ error: YamlError) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationError(
                "\(name):\(mark.line):\(mark.column)", "not YAML: \(problem). Write one 'key: value' per line.")
        case .duplicatedKeysInMapping(let keys, _):
            ConfigurationError(
                name, "given more than once: \(keys.sorted().joined(separator: ", ")). Keep one line for each.")
        case .reader(let problem, _, _, _):
            ConfigurationError(name, "not YAML: \(problem). Save it as UTF-8 text, one 'key: value' per line.")
        default:
            ConfigurationError(name, "not YAML: \(error). Write one 'key: value' per line.")
        }
    }

    private static func folder(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
    }

    private static func scalar(_ assignment: Assignment) -> Node {
        switch ConfigurationKey(rawValue: assignment.key) {
        // Paths, names and messages are strings, even if YAML would read them as another type.
        case .model, .data, .task, .system, .date: return Node(assignment.value, Tag(.str))
        default: return Node(assignment.value)
        }
    }

    private static func unknownKey(_ entry: Entry) -> ConfigurationError.Problem? {
        guard ConfigurationKey(rawValue: entry.key) == nil else { return nil }
        if let refusal = ConfigurationKey.refusal(of: entry.key) {
            return .init(location: entry.location, message: "'\(entry.key)' is refused: \(refusal).")
        }
        let keys = ConfigurationKey.allCases.map(\.rawValue)
        let remedy =
            nearestName(to: entry.key, among: keys).map { "Did you mean '\($0)'?" }
            ?? "Keys: \(keys.joined(separator: ", "))."
        return .init(location: entry.location, message: "there is no key '\(entry.key)'. \(remedy)")
    }

    private static func decode(_ entries: [Entry]) throws -> RunConfiguration {
        // Keys are decoded one at a time, so that each wrong value is reported with its origin.
        var problems: [ConfigurationError.Problem] = []
        for entry in entries {
            guard let key = ConfigurationKey(rawValue: entry.key), (try? decoded([entry])) == nil else { continue }
            let scalar = entry.value.scalar?.string
            let found = scalar.map { "found '\($0)'" } ?? "found several values"
            let nearest = scalar.flatMap { nearestName(to: $0, among: key.choices) }
            let remedy = nearest.map { " Did you mean '\($0)'?" } ?? ""
            problems.append(
                .init(
                    location: entry.location, message: "\(entry.key): expected \(key.expectation), \(found).\(remedy)"))
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return try decoded(entries)
    }

    private static func decoded(_ entries: [Entry]) throws -> RunConfiguration {
        let node = Node(entries.map { (Node($0.key), $0.value) })
        return try YAMLDecoder().decode(RunConfiguration.self, from: node)
    }
}
