import Foundation
import T2Core

/// The chat template of a model folder as it is written, and the special tokens whose names it may read.
package struct ChatTemplateFile: Sendable, Equatable {
    /// The file that holds the template.
    package let path: String
    /// The Jinja text; nil if the files do not say which of their templates is meant.
    package let text: String?
    /// The reason why there is no text.
    package let problem: String?
    /// The special tokens by their names, such as `bos_token`. A token that the model does not have is absent.
    package let specialTokens: [String: String]

    /// The template as transformers finds it: `chat_template.jinja`, together with named ones in `additional_chat_templates`, or
    /// else the key `chat_template` of `tokenizer_config.json`. Among named templates `default` is used.
    ///
    /// - Parameter model: the model's folder, if `folder` is another one.
    /// - Returns: nil for a folder without a template.
    /// - Throws: `InputError` for an existing file that cannot be read.
    package init?(folder: String, model: String? = nil) throws(InputError) {
        let configuration = try TokenizerConfiguration(folder: folder)
        var templates = try Self.files(folder)
        path = Self.path(folder, isFile: !templates.isEmpty)
        if templates.isEmpty { templates = configuration.templates ?? [:] }
        if let unreadable = configuration.unreadableTemplate, templates.isEmpty {
            (text, problem) = (nil, unreadable)
        } else if let text = templates["default"] {
            self.text = text
            problem = text == nil ? "it is not UTF-8" : nil
        } else if templates.isEmpty {
            return nil
        } else {
            text = nil
            problem =
                "there are templates named \(templates.keys.sorted().joined(separator: ", ")), and none named default"
        }
        specialTokens = try DeclaredTokens(folder: folder, model: model).names
    }

    private static let (file, folderName) = ("chat_template.jinja", "additional_chat_templates")

    private static func path(_ folder: String, isFile: Bool) -> String {
        guard isFile else { return folder + "/tokenizer_config.json" }
        let file = "\(folder)/\(Self.file)"
        return FileManager.default.fileExists(atPath: file) ? file : "\(folder)/\(folderName)"
    }

    /// The files with named templates, relative to the model's folder.
    package static func namedFiles(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(folderName)")) ?? []
        return names.filter { $0.hasSuffix(".jinja") }.sorted().map { "\(folderName)/\($0)" }
    }

    /// The templates in files of their own, by name; one that is not UTF-8 has no text.
    private static func files(_ folder: String) throws(InputError) -> [String: String?] {
        var templates: [String: String?] = [:]
        for name in namedFiles(folder) {
            let stem = name.dropFirst(folderName.count + 1).dropLast(".jinja".count)
            templates[String(stem)] = .some(try text(of: "\(folder)/\(name)"))
        }
        let path = "\(folder)/\(file)"
        if FileManager.default.fileExists(atPath: path) { templates["default"] = .some(try text(of: path)) }
        return templates
    }

    private static func text(of path: String) throws(InputError) -> String? {
        String(validating: try JSONFile.content(path), as: UTF8.self)
    }
}

/// The templates of a `tokenizer_config.json`.
private struct TokenizerConfiguration {
    /// Templates by name, in which a single one is named `default`.
    private(set) var templates: [String: String?]?
    /// The reason why the key `chat_template` holds no template.
    private(set) var unreadableTemplate: String?

    init(folder: String) throws(InputError) {
        let configuration = try JSONFile.object(folder + "/tokenizer_config.json") ?? [:]
        switch configuration["chat_template"] {
        case nil, is NSNull: break
        case let text as String: templates = ["default": text]
        case let named as [[String: Any]]:
            templates = [:]
            for entry in named {
                guard let name = entry["name"] as? String, let text = entry["template"] as? String else { continue }
                templates?[name] = text
            }
            if templates?.isEmpty ?? true { unreadableTemplate = "its chat_template holds no templates" }
        case let named as [String: String]: templates = named
        default: unreadableTemplate = "its chat_template is neither a text nor a list of named texts"
        }
    }
}

/// Small JSON files of a model folder.
enum JSONFile {
    /// The object in a file; nil if there is no such file.
    ///
    /// - Throws: `InputError` for a file that cannot be read or holds something else.
    static func object(_ path: String) throws(InputError) -> [String: Any]? {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        // The depth is checked first, because Foundation's reader ends the process for some texts that are nested deeply.
        return try read(path) { content in
            _ = try JSONDecoder().decode(Anything.self, from: content, depth: depth)
            guard let object = try JSONSerialization.jsonObject(with: content) as? [String: Any] else {
                throw InputError(path, "it is not a JSON object", remedy: remedy)
            }
            return object
        }
    }

    /// The value in a file; nil if there is no such file.
    ///
    /// - Throws: `InputError` for a file that cannot be read or holds something else.
    static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) throws(InputError) -> Value? {
        try read(path) { try JSONDecoder().decode(type, from: $0, depth: depth) }
    }

    private static let depth = 100
    private static let remedy = "Copy it again from the source of the model."

    private static func read<Value>(_ path: String, _ body: (Data) throws -> Value) throws(InputError) -> Value? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let content = try content(path)
        do {
            return try body(content)
        } catch let error as InputError {
            throw error
        } catch {
            throw InputError(path, "cannot be read: \(decodingProblem(error, in: content))", remedy: remedy)
        }
    }

    static func content(_ path: String) throws(InputError) -> Data {
        do { return try MappedFile(path: path).data } catch {
            throw InputError(path, "cannot be read: \(error)", remedy: "Check the file.", exitStatus: .noInput)
        }
    }
}
