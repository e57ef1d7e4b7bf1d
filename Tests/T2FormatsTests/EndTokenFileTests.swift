import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("The end tokens of a base model's folder")
struct EndTokenFileTests {
    /// Calls `body` with the path of a model folder that has further files.
    private func withFolder<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = try TemporaryFolder()
        let path = folder.path + "/base"
        try FileManager.default.copyItem(atPath: ModelFixture.folder("grouped-tied"), toPath: path)
        for (name, content) in files { try folder.write(content, to: "base/\(name)") }
        return try withExtendedLifetime(folder) { try body(path) }
    }

    @Test(
        "are those of generation_config.json alone if there is one, as transformers takes them",
        arguments: [
            (nil, [1]), (#"{"eos_token_id": [0, 7]}"#, [0, 7]), (#"{"eos_token_id": 7}"#, [7]),
            (#"{"eos_token_id": null}"#, []), ("{}", []),
        ] as [(String?, [Int])])
    func precedence(content: String?, expected: [Int]) throws {
        let base = try BaseModelFolder(path: ModelFixture.folder("grouped-tied"))
        try withFolder(content.map { ["generation_config.json": $0] } ?? [:]) { path in
            let model = try BaseModelFolder(path: path)
            #expect(model.configuration.endTokens == expected)
            #expect(try BaseModelFolder.fileNames(path: path).contains("generation_config.json") == (content != nil))
            // The weights are the same, and completions are too where the end tokens are.
            #expect(model.digest == base.digest)
            #expect((model.tokenizerDigest == base.tokenizerDigest) == (expected == [1]))
        }
    }

    @Test("are refused, by file, if they are no numbers or the file is not JSON")
    func refusals() throws {
        for content in [
            #"{"eos_token_id": "</s>"}"#, #"{"eos_token_id": true}"#, #"{"eos_token_id": [1, null]}"#, "[1]", "{",
        ] {
            try withFolder(["generation_config.json": content]) { path in
                let error = #expect(throws: InputError.self) { try BaseModelFolder(path: path) }
                #expect(error?.description.hasPrefix("\(path)/generation_config.json: ") == true)
            }
        }
    }

    @Test("and its other small files count in the tokenizer's digest where prompts or completions depend on them")
    func digest() throws {
        func digest(_ files: [String: String]) throws -> Digest {
            try withFolder(files) { try BaseModelFolder(path: $0).tokenizerDigest }
        }
        let plain = try BaseModelFolder(path: ModelFixture.folder("grouped-tied")).tokenizerDigest
        let map = #"{"bos_token": "<|bos|>"}"#
        #expect(try digest(["generation_config.json": #"{"eos_token_id": [1]}"#]) == plain)
        let list = #"{"added_tokens_decoder": {"50": {"content": "<x>"}}}"#
        let declarations = try [
            ["special_tokens_map.json": map], ["added_tokens.json": #"{"<x>": 52}"#], ["tokenizer_config.json": list],
            ["tokenizer_config.json": list.replacing("50", with: "51")],
            ["tokenizer_config.json": list, "special_tokens_map.json": map],
        ].map(digest)
        #expect(Set(declarations + [plain]).count == 5 && declarations[4] == declarations[2])
        let template = ["chat_template.jinja": "{{ bos_token }}"]
        let digests = try [
            [:], template, template.merging(["special_tokens_map.json": map]) { $1 },
            template.merging(["special_tokens_map.json": #"{"bos_token": "<|eos|>"}"#]) { $1 },
        ].map(digest)
        #expect(digests[0] == plain && Set(digests).count == 4)
    }
}
