import Foundation
import T2Core
import T2Formats
import Yams

/// A mapping in a YAML file, read key by key; errors name the key that is missing, of the wrong type or unknown.
package struct YAMLMapping {
    private let path: String
    /// The path of the mapping inside the file, such as `seen.gsm-mini`.
    private let location: String
    private let node: Node.Mapping
}

extension YAMLMapping {
    /// - Throws: `SystemError` if the file cannot be read; `InputError` if it is not a YAML mapping.
    package init(path: String) throws {
        let text = String(decoding: try MappedFile(path: path).data, as: UTF8.self)
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw InputError(path, "is not YAML: \(error)", remedy: Self.remedy)
        }
        guard let mapping = root?.mapping else {
            throw InputError(path, "is not a mapping of keys to values", remedy: Self.remedy)
        }
        self.init(path: path, location: "", node: mapping)
    }

    /// In the file's order.
    package var keys: [String] { node.map { $0.key.string ?? "" } }

    /// - Throws: `InputError` that names the first key not in `known` and suggests the nearest one in it.
    package func requireOnly(_ known: [String]) throws {
        for key in keys where !known.contains(key) {
            let suggestion = nearestName(to: key, among: known).map { "Did you mean \($0)? " } ?? ""
            throw InputError(
                location(key), "there is no such key", remedy: "\(suggestion)Keys: \(known.joined(separator: ", ")).",
                exitStatus: .configuration)
        }
    }

    package func string(_ key: String) throws -> String? { try value(key, "a text", \.string) }

    package func requiredString(_ key: String) throws -> String {
        guard let text = try string(key) else { throw wrong(key, "a text") }
        return text
    }

    /// A list of texts; a single text is a list of one.
    package func strings(_ key: String) throws -> [String]? {
        try value(key, "a list of texts") { value in
            if let text = value.string { return [text] }
            let texts = value.sequence?.compactMap(\.string)
            return texts?.count == value.sequence?.count ? texts : nil
        }
    }

    /// The value of a key that may also have a value of another kind.
    func nestedMapping(_ key: String) -> YAMLMapping? {
        node[key]?.mapping.map {
            YAMLMapping(path: path, location: location.isEmpty ? key : "\(location).\(key)", node: $0)
        }
    }

    package func double(_ key: String, above least: Double) throws -> Double? {
        try value(key, "a number above \(least.formatted())") { value in
            value.float.flatMap { $0 > least && $0.isFinite ? $0 : nil }
        }
    }

    package func int(_ key: String, atLeast least: Int) throws -> Int? {
        try value(key, "a whole number of \(least) or more") { value in value.int.flatMap { $0 >= least ? $0 : nil } }
    }

    /// One of the values of an enumeration.
    package func choice<Value: RawRepresentable & CaseIterable>(_ key: String) throws -> Value?
    where Value.RawValue == String {
        guard let text = try string(key) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw wrong(key, "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    package func mapping(_ key: String) throws -> YAMLMapping? {
        try value(key, "a mapping") { _ in nestedMapping(key) }
    }

    package func requiredMapping(_ key: String) throws -> YAMLMapping {
        guard let mapping = try mapping(key) else { throw wrong(key, "a mapping") }
        return mapping
    }

    private func value<Value>(_ key: String, _ expected: String, _ convert: (Node) -> Value?) throws -> Value? {
        guard let node = node[key] else { return nil }
        guard let value = convert(node) else { throw wrong(key, expected) }
        return value
    }

    /// The location of a key, for messages.
    package func location(_ key: String) -> String { "\(path): \(location.isEmpty ? key : "\(location).\(key)")" }

    /// The error for a key whose value is not as expected.
    package func wrong(_ key: String, _ expected: String) -> InputError {
        let found = node[key].map { $0.string.map { "'\($0)'" } ?? "something else" } ?? "nothing"
        return InputError(
            location(key), "is \(found), expected \(expected)", remedy: Self.remedy, exitStatus: .configuration)
    }

    private static let remedy = "Correct the file."
}
