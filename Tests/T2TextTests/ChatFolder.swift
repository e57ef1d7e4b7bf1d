import Foundation
import T2Core
import T2Text
import Testing

/// A folder with a fixture's tokenizer and further files of a chat model, removed with the object.
final class ChatFolder {
    let path: String

    /// - Parameter files: contents by name, relative to the folder.
    init(_ files: [String: String], tokenizer: String = "chat-chatml") throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        path = folder.path
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: TokenizerFixture.tokenizerPath(tokenizer), toPath: path + "/tokenizer.json")
        for (name, content) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
    }

    /// A folder whose template is this one.
    convenience init(template: String) throws { try self.init(["chat_template.jinja": template]) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func tokenizer() throws -> Tokenizer { try Tokenizer(path: path + "/tokenizer.json") }

    /// The error that a prompt throws.
    func promptError(_ text: String = "q", _ chat: ChatContext? = nil) throws -> String {
        let tokenizer = try tokenizer()
        return try #require(
            #expect(throws: ChatTemplateError.self) { try tokenizer.prompt(text, chat: chat) }
        ).description.replacing(path, with: "DIR")
    }
}
