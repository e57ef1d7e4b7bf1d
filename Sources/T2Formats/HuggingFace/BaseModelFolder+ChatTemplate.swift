import Foundation
import T2Core

extension BaseModelFolder {
    /// The Jinja template of a chat model's prompts, from `chat_template.jinja` or else `tokenizer_config.json`; nil if
    /// the folder has none.
    ///
    /// - Throws: `InputError` for an existing file that cannot be read.
    package static func chatTemplate(_ folder: String) throws(InputError) -> String? {
        let jinja = folder + "/chat_template.jinja"
        if FileManager.default.fileExists(atPath: jinja) { return String(decoding: try content(jinja), as: UTF8.self) }
        let path = folder + "/tokenizer_config.json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let content = try content(path)
        do {
            return try JSONDecoder().decode(TokenizerConfiguration.self, from: content).chat_template?.text
        } catch {
            throw InputError(path, "cannot be read: \(decodingProblem(error, in: content))", remedy: "Copy it again.")
        }
    }

    private static func content(_ path: String) throws(InputError) -> Data {
        do { return try MappedFile(path: path).data } catch {
            throw InputError(path, "cannot be read: \(error)", remedy: "Check the file.", exitStatus: .noInput)
        }
    }
}

private struct TokenizerConfiguration: Decodable {
    struct Named: Decodable {
        let name: String
        let template: String
    }

    /// One template, or the default among several.
    struct Template: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                let all = try container.decode([Named].self)
                text = (all.first { $0.name == "default" } ?? all.first)?.template
            }
        }
    }

    let chat_template: Template?
}
