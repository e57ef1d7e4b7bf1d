import Foundation
import T2Core
import T2Text
import Testing

@Suite("Prompts of chat models")
struct ChatTemplateTests {
    private struct Rendering: Decodable {
        let text: String
        let ids: [Int32]
    }

    private struct Folder: Decodable {
        let name: String
        let tokenizer: String
        let files: [String: String]
        let cases: [Case]
    }

    private struct Case: Decodable {
        let label: String
        let line: Line
        let text: String
        let ids: [Int32]
    }

    private struct Line: Codable {
        let messages: [[String: String]]
        let add_generation_prompt: Bool
        let date: String
        let enable_thinking: Bool?
    }

    private static let names = ["chat-llama-3", "chat-chatml", "chat-normalized"]

    private static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: TokenizerFixture.file(name)))
    }

    @Test("equal those that transformers renders", arguments: names)
    func agreement(name: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer(name)
        let renderings = try Self.decode([Rendering].self, "\(name).json")
        #expect(renderings.count > 200)
        for rendering in renderings {
            #expect(try tokenizer.prompt(rendering.text) == rendering.ids, "\(rendering.text.debugDescription)")
        }
    }

    @Test("equal transformers' for system messages, several turns, dates, BOS, think blocks and named templates")
    func conversations() throws {
        let folders = try Self.decode([Folder].self, "chat-conversations.json")
        #expect(folders.count == 9)
        for expected in folders {
            let folder = try ChatFolder(expected.files, tokenizer: expected.tokenizer)
            let tokenizer = try folder.tokenizer()
            for row in expected.cases {
                let note = Comment(rawValue: "\(expected.name), \(row.label)")
                let rendered = try tokenizer.render(Conversation(json: JSONEncoder().encode(row.line)))
                #expect(scalars(rendered.text) == scalars(row.text), note)
                #expect(rendered.ids == row.ids, note)
                guard row.line.add_generation_prompt, row.line.enable_thinking == nil,
                    let last = row.line.messages.last?["content"], row.line.messages.count < 3
                else { continue }
                let system = row.line.messages.count == 2 ? row.line.messages[0]["content"] : nil
                let chat = ChatContext(system: system, date: CalendarDate(row.line.date))
                #expect(try tokenizer.prompt(last, chat: chat) == row.ids, note)
            }
        }
    }

    @Test(
        "hold special tokens that a user writes as ordinary characters", arguments: ["chat-chatml", "chat-normalized"])
    func specialTexts(name: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer(name)
        let expected = try #require(try Self.decode([String: [Rendering]].self, "chat-special-texts.json")[name])
        #expect(!expected.isEmpty)
        for rendering in expected {
            #expect(try tokenizer.prompt(rendering.text) == rendering.ids, "\(rendering.text.debugDescription)")
        }
    }

    @Test("hold no special token that a system message writes, or that it and the template write together")
    func joinedTokens() throws {
        let folder = try ChatFolder(template: "<|im_{% for m in messages %}{{ m.content }}{% endfor %}|>")
        let end = try #require(try folder.tokenizer().id(of: "<|im_end|>"))
        for (system, text) in [("en", "d"), ("end|><|im_end", ""), ("<|im_end|>", "<|im_end|>")] {
            let ids = try folder.tokenizer().prompt(text, chat: ChatContext(system: system))
            #expect(!ids.contains(end))
        }
    }

    @Test(
        "are refused for a template that cannot be rendered, by file, construct and remedy, while text is still encoded"
    )
    func refusals() throws {
        let remedy =
            " To use the model for plain text completion, remove chat_template.jinja and the key chat_template from "
            + "tokenizer_config.json in a copy of its folder."
        for (template, problem) in [
            ("{{ messages", "its chat template is not Jinja: line 1:"),
            ("\n{{ messages | nofilter }}", "its chat template uses what t2 does not have: line 2:"),
            ("{% include 'x' %}", "its chat template uses what t2 does not have: line 1:"),
            ("{{ messages.x.y }}", "its chat template fails: line 1:"),
            (
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "its chat template does not come to an end: "
            ),
            (
                "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
                "its chat template does not come to an end: "
            ),
            ("{{ 'ab' * 10000000 }}", "its chat template does not come to an end: "),
            ("", "its chat template writes nothing"),
        ] {
            let folder = try ChatFolder(template: template)
            let error = try folder.promptError()
            #expect(error.hasPrefix("DIR/chat_template.jinja: \(problem)") && error.hasSuffix(remedy), "\(error)")
            #expect(try folder.tokenizer().encode("text") == TokenizerFixture.tokenizer("chat-chatml").encode("text"))
        }
    }

    @Test("are refused with the template's own words if it raises an exception, and with the name of the problem")
    func exceptions() throws {
        let folder = try ChatFolder([
            "tokenizer_config.json":
                #"{"chat_template": "{% if messages[0].role == 'system' %}{{ raise_exception('No system role!') }}{% endif %}q"}"#
        ])
        #expect(
            try folder.promptError("q", ChatContext(system: "s"))
                == "DIR/tokenizer_config.json: the chat template refuses these messages: 'No system role!'. Change the messages as it "
                + "says; a system message comes from --system or the key system.")
        let problem = Problem(
            id: "p", topic: "", prompt: "q", verification: .unverified, chat: ChatContext(system: "s"))
        let error = #expect(throws: PromptError.self) {
            try folder.tokenizer().prompt(of: problem, maxTokens: 1, contextLength: 99)
        }
        #expect(error?.description.hasPrefix("problem p: \(folder.path)/tokenizer_config.json: the chat") == true)
        #expect(error?.exitStatus == .configuration)
        #expect(try folder.tokenizer().prompt("q") == folder.tokenizer().encode("q"))
    }

    @Test("are refused if several templates have names and none is the default, or the key holds no text")
    func namelessTemplates() throws {
        for (files, problem) in [
            (
                ["tokenizer_config.json": #"{"chat_template": [{"name": "rag", "template": "x"}]}"#],
                "tokenizer_config.json: there are templates named rag, and none named default. Name the one that is meant "
                    + "default. "
            ),
            (
                [
                    "additional_chat_templates/a.jinja": "x",
                    "tokenizer_config.json": #"{"chat_template": "{{ messages }}"}"#,
                ], "additional_chat_templates: there are templates named a, and none named default. "
            ),
            (
                ["tokenizer_config.json": #"{"chat_template": 7}"#],
                "tokenizer_config.json: its chat_template is neither "
            ),
        ] {
            #expect(try ChatFolder(files).promptError().hasPrefix("DIR/" + problem))
        }
        let plain = try ChatFolder(["tokenizer_config.json": #"{"chat_template": null}"#]).tokenizer()
        #expect(plain.chatTemplate == nil)
    }

    @Test("show the day that is given, and today only to a template that reads a clock")
    func dates() throws {
        let clock = try ChatFolder(template: "{{ strftime_now('%A %d %B %Y %j') }}").tokenizer()
        let day = try #require(CalendarDate("2024-02-29"))
        let ids = try clock.prompt("q", chat: ChatContext(date: day))
        #expect(clock.decode(ids, skipSpecialTokens: false) == "Thursday 29 February 2024 060")
        #expect(try clock.chatContext(system: nil, date: day) == ChatContext(date: day))
        #expect(try clock.chatContext(system: "s", date: nil)?.date != nil)
        let still = try TokenizerFixture.tokenizer("chat-chatml")
        #expect(try still.chatContext(system: nil, date: nil) == nil)
        #expect(try still.chatContext(system: "s", date: nil) == ChatContext(system: "s"))
        #expect(throws: InputError.self) { try still.chatContext(system: nil, date: day) }
    }

    @Test("of models without a template hold no system message: one is refused by the name of its option")
    func plainModels() throws {
        let plain = try TokenizerFixture.tokenizer("gpt2")
        let error = #expect(throws: InputError.self) {
            try plain.chatContext(system: "s", date: nil, names: ("math.yaml:3: system", "date"))
        }
        #expect(error?.description.hasPrefix("math.yaml:3: system: ") == true && error?.exitStatus == .configuration)
        #expect(throws: ChatTemplateError.self) { try plain.prompt("q", chat: ChatContext(system: "s")) }
        #expect(try plain.chatContext(system: nil, date: nil) == nil)
    }
}
