import Foundation
import T2Core

/// The added and special tokens that a folder declares outside `tokenizer.json`, as transformers reads them.
///
/// The files are `tokenizer_config.json` and, unless it lists the added tokens, `special_tokens_map.json`, which overrides it, and
/// `added_tokens.json`. The class of the tokenizer also brings special tokens.
/// - Source: transformers 5.23, `PreTrainedTokenizerBase._from_pretrained` and `TokenizersBackend.__init__`.
package struct DeclaredTokens: Sendable {
    /// Tokens with the identifiers that a file gives them.
    package private(set) var listed: [Int: DeclaredToken] = [:]
    /// The file that lists them; nil if none does.
    package private(set) var listPath: String?
    /// Whether the list names the added tokens of `tokenizer.json` too.
    package private(set) var isListComplete = false
    /// Whether the class adds the tokens of the list, or else of `tokenizer.json`, in the order of their identifiers to the
    /// vocabulary, instead of beginning with `tokenizer.json`.
    package var startsAnew: Bool { tokenizerClass != nil }
    /// Whether all special tokens end without flags.
    package var clearsFlags: Bool { tokenizerClass?.clearsFlags ?? false }
    /// The special tokens with a name, in the order in which new ones are added.
    package private(set) var named: [DeclaredToken] = []
    /// The special tokens with names that neither all tokenizers nor the class have. New ones are added in the order of the file,
    /// which is not known here.
    package private(set) var unordered: [DeclaredToken] = []
    /// The special tokens without a name.
    package private(set) var extra: [DeclaredToken] = []
    /// The texts of special tokens by their names, such as `bos_token`, under which chat templates know them.
    package private(set) var names: [String: String] = [:]

    private let tokenizerClass: TokenizerClass?

    fileprivate static let keys = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map { $0 + "_token" }

    /// No declarations.
    package init() { tokenizerClass = nil }

    /// - Parameter model: the folder with the `config.json` and the `tokenizer.json` that decide about the class, if it is another one.
    /// - Throws: `InputError` for a file that cannot be read, or declares something that is no token.
    package init(folder: String, model: String? = nil) throws(InputError) {
        let path = "\(folder)/tokenizer_config.json"
        let configuration = try File(path) ?? File()
        let map = configuration.listed == nil ? try File("\(folder)/special_tokens_map.json") : nil
        tokenizerClass = try Self.tokenizerClass(configuration.tokenizerClass, model ?? folder)
        try readNames(configuration, map)
        if let list = configuration.listed {
            (listed, listPath, isListComplete) = (list, path, true)
        } else {
            try readAddedTokens("\(folder)/added_tokens.json", configuration, map)
        }
    }

    /// A text that differs for declarations that differ; empty if there are none.
    var canonicalDescription: String {
        let lists = [("named", named), ("unordered", unordered), ("extra", extra)].filter { !$1.isEmpty }
        let texts = lists.map { "\($0) " + $1.map(\.canonicalDescription).joined() }
        let list = listed.sorted { $0.key < $1.key }.map { "\($0) \($1.canonicalDescription)" }
        return ([tokenizerClass?.name].compactMap(\.self) + texts + list).joined(separator: "\n")
    }

    private static func tokenizerClass(_ declared: String?, _ model: String) throws(InputError) -> TokenizerClass? {
        struct Configuration: Decodable {
            let model_type: String?
            let tokenizer_class: String?
        }
        let configuration = try JSONFile.decode(Configuration.self, "\(model)/config.json")
        do {
            return try TokenizerClass.of(
                declared: declared ?? configuration?.tokenizer_class, modelType: configuration?.model_type
            ) {
                try MappedFile(path: "\(model)/tokenizer.json").data.range(of: Data("\"ByteLevel\"".utf8)) != nil
            }
        } catch {
            throw InputError("\(model)/tokenizer.json", "cannot be read: \(error)", remedy: "Check the file.")
        }
    }

    private mutating func readNames(_ configuration: File, _ map: File?) throws(InputError) {
        for key in Self.keys {
            let given = map?.named[key] ?? configuration.named[key]
            let token = given ?? tokenizerClass?.named[key].map { DeclaredToken($0) }
            guard let token else { continue }
            named.append(token)
            names[key] = token.content
        }
        var specific = (map?.named ?? [:]).merging(configuration.named) { $1 }.compactMapValues(\.self)
        for key in Self.keys { specific[key] = nil }
        // Of an empty list, as of none, the older key's is used.
        let own = configuration.extra.flatMap { $0.isEmpty ? nil : $0 } ?? configuration.additional
        switch own {
        case .named(let tokens): specific.merge(tokens) { $1 }
        case .list(let tokens): extra = tokens
        case nil: break
        }
        switch map?.extra {
        case .named(let tokens): specific.merge(tokens) { $1 }
        case .list(let tokens): for token in tokens where !extra.contains(token) { extra.append(token) }
        case nil:
            guard configuration.extra == nil, configuration.additional == nil else { break }
            if case .list(let tokens) = map?.additional { extra = tokens }
            extra += tokenizerClass?.specific.map { DeclaredToken($0.content) } ?? []
        }
        for (key, content) in tokenizerClass?.specific ?? [] {
            let token = specific.removeValue(forKey: key) ?? DeclaredToken(content)
            named.append(token)
            names[key] = token.content
        }
        unordered = specific.sorted { $0.key < $1.key }.map(\.value)
        names.merge(specific.mapValues(\.content)) { $1 }
    }

    /// Reads `added_tokens.json`, which gives texts and identifiers only.
    private mutating func readAddedTokens(_ path: String, _ configuration: File, _ map: File?) throws(InputError) {
        guard let tokens = try JSONFile.decode([String: Int].self, path) else { return }
        let known = Self.keys.compactMap { key -> [UInt8]? in
            if let token = map?.named[key] { return token?.key }
            guard let token = configuration.named[key] ?? nil, token.flags == nil else { return nil }
            return token.key
        }
        let isEarly = [map?.extra, configuration.extra, configuration.additional].contains { $0 != nil }
        let special = Set(known + (isEarly ? extra.map(\.key) : []))
        listPath = path
        for (content, id) in tokens {
            let isSpecial = special.contains(Array(content.utf8))
            let token = DeclaredToken(content, TokenFlags(normalized: !isSpecial, special: isSpecial))
            guard let other = listed.updateValue(token, forKey: id) else { continue }
            throw InputError(
                path,
                "gives the identifier \(id) to '\(min(content, other.content))' and '\(max(content, other.content))'",
                remedy: "Copy it again from the source of the model.")
        }
    }
}

/// What `tokenizer_config.json` or `special_tokens_map.json` says about tokens.
private struct File: Decodable {
    enum Extra: Decodable {
        case list([DeclaredToken])
        case named([String: DeclaredToken])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .list([])
            } else if let tokens = try? container.decode([String: DeclaredToken].self) {
                self = .named(tokens)
            } else {
                self = .list(try container.decode([DeclaredToken].self))
            }
        }

        var isEmpty: Bool {
            switch self {
            case .list(let tokens): tokens.isEmpty
            case .named(let tokens): tokens.isEmpty
            }
        }
    }

    var tokenizerClass: String?
    var listed: [Int: DeclaredToken]?
    /// The values of the keys that end with `_token`; nil for null.
    var named: [String: DeclaredToken?] = [:]
    var extra: Extra?
    var additional: Extra?

    init() {}

    init?(_ path: String) throws(InputError) {
        guard let file = try JSONFile.decode(Self.self, path) else { return nil }
        self = file
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        for key in container.allKeys {
            switch key.stringValue {
            case "tokenizer_class": tokenizerClass = try container.decodeIfPresent(String.self, forKey: key)
            case "added_tokens_decoder": listed = try container.decode(List.self, forKey: key).tokens
            case "extra_special_tokens": extra = try container.decode(Extra.self, forKey: key)
            case "additional_special_tokens": additional = try container.decode(Extra.self, forKey: key)
            case let name where name.hasSuffix("_token"):
                // Others may be no tokens, such as add_bos_token.
                guard DeclaredTokens.keys.contains(name) else {
                    if let token = try? container.decode(DeclaredToken.self, forKey: key) { named[name] = token }
                    continue
                }
                named[name] = .some(try container.decodeIfPresent(DeclaredToken.self, forKey: key))
            default: break
            }
        }
    }

    private struct List: Decodable {
        var tokens: [Int: DeclaredToken] = [:]

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: AnyKey.self)
            for key in container.allKeys {
                let token = try container.decode(DeclaredToken.self, forKey: key)
                guard let id = Int(key.stringValue), id >= 0, token.flags != nil else {
                    throw DecodingError.dataCorruptedError(
                        forKey: key, in: container,
                        debugDescription: "it is not an identifier with the object of a token")
                }
                tokens[id] = token
            }
        }
    }
}
