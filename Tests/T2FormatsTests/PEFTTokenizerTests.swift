import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("The tokenizer and the chat template beside a LoRA adapter")
struct PEFTTokenizerTests {
    private static let template =
        #"{"bos_token": "<|bos|>", "chat_template": "{{ bos_token }}{{ messages[0].content }}"}"#

    /// The error that the adapter with these files is refused with, for the model with these files.
    private func refusal(model: [String: String], adapter: [String: String]) throws -> String? {
        let folder = try TemporaryFolder()
        let paths = [folder.path + "/base", folder.path + "/adapter"]
        try FileManager.default.copyItem(atPath: ModelFixture.folder("grouped-tied"), toPath: paths[0])
        try FileManager.default.copyItem(atPath: LoRAFixture.folder("grouped-tied", .all), toPath: paths[1])
        for (name, content) in model { try folder.write(content, to: "base/\(name)") }
        for (name, content) in adapter { try folder.write(content, to: "adapter/\(name)") }
        let base = try BaseModelFolder(path: paths[0])
        do {
            _ = try PEFTFolder(path: paths[1], for: base)
            return nil
        } catch {
            return "\(error)".replacing(folder.path, with: "DIR")
        }
    }

    private func tokenizer() throws -> String {
        try String(contentsOfFile: ModelFixture.folder("grouped-tied") + "/tokenizer.json", encoding: .utf8)
    }

    @Test("may be the base model's, written in another way")
    func same() throws {
        let other = try JSONSerialization.data(
            withJSONObject: JSONSerialization.jsonObject(with: Data(tokenizer().utf8)), options: .prettyPrinted)
        let text = String(decoding: other, as: UTF8.self)
        #expect(try text != tokenizer())
        #expect(try refusal(model: [:], adapter: ["tokenizer.json": text]) == nil)
        #expect(
            try refusal(
                model: ["tokenizer_config.json": Self.template],
                adapter: [
                    "chat_template.jinja": "{{ bos_token }}{{ messages[0].content }}",
                    "tokenizer_config.json": #"{"bos_token": "<|bos|>", "pad_token": "<|pad|>"}"#,
                ]) == nil)
        #expect(try refusal(model: ["tokenizer_config.json": Self.template], adapter: [:]) == nil)
    }

    @Test("are refused by file if they make other prompts")
    func different() throws {
        let changed = try tokenizer().replacing("<|pad|>", with: "<|pod|>")
        let differs =
            "differs from that of the base model DIR/base, so the adapter was trained with other prompts. To use it, "
        #expect(
            try refusal(model: [:], adapter: ["tokenizer.json": changed])?
                .hasPrefix("DIR/adapter/tokenizer.json: its added_tokens \(differs)") == true)
        for model in [[:], ["chat_template.jinja": "{{ messages }}"]] {
            #expect(
                try refusal(model: model, adapter: ["tokenizer_config.json": Self.template])?
                    .hasPrefix("DIR/adapter/tokenizer_config.json: its chat template \(differs)") == true)
        }
        #expect(
            try refusal(
                model: ["tokenizer_config.json": Self.template],
                adapter: ["tokenizer_config.json": Self.template.replacing("<|bos|>", with: "<|eos|>")])?
                .hasPrefix("DIR/adapter/tokenizer_config.json: the bos_token of its chat template \(differs)") == true)
    }
}
