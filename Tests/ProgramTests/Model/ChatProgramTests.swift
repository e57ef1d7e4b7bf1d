import Foundation
import T2Core
import T2TestSupport
import Testing

/// The tokenizer of the fixture spells each character as a token.
@Suite("t2 with a chat model")
struct ChatProgramTests {
    private static let template =
        "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}"
        + "{{ strftime_now('%d') }}{% if add_generation_prompt %}A:{% endif %}"

    /// The fixture as a chat model.
    private func fixture(_ template: String = template) throws -> ProgramFixture {
        let fixture = try ProgramFixture()
        try fixture.folder.write(template, to: "\(fixture.name)/chat_template.jinja")
        try fixture.folder.write(
            #"{"bos_token": "<|bos|>", "eos_token": "<|eos|>"}"#, to: "\(fixture.name)/tokenizer_config.json")
        try fixture.folder.write(
            #"{"eos_token_id": [1, 2]}"#, to: "\(fixture.name)/generation_config.json")
        return fixture
    }

    private func ids(_ fixture: ProgramFixture, _ line: String) throws -> [Int] {
        let run = try fixture.run(["tokenize", "--chat", "--model", fixture.model], input: line + "\n")
        #expect(run.status == 0 && run.errors == "")
        return try #require(try run.objects().first?["ids"] as? [Int])
    }

    @Test("tokenize --chat writes text and ids, in which special tokens are the template's alone")
    func conversations() throws {
        let fixture = try fixture()
        let line =
            #"{"messages": [{"role": "user", "content": "a<|eos|>"}], "add_generation_prompt": true, "date": "2024-07-26"}"#
        let run = try fixture.run(["tokenize", "--chat", "--model", fixture.model], input: line + "\n\n" + line)
        let objects = try run.objects()
        #expect(run.status == 0 && objects.count == 2)
        for object in objects {
            #expect(object["text"] as? String == "<|bos|>user:a<|eos|><|eos|>26A:")
            let ids = try #require(object["ids"] as? [Int])
            #expect(ids.count == 1 + "user:a<|eos|>".count + 1 + "26A:".count)
            #expect(ids.first == 0 && ids.filter { $0 == 1 }.count == 1)
        }
    }

    @Test("tokenize --chat names the line that it cannot read, after the lines before it")
    func badLines() throws {
        let fixture = try fixture(
            "{{ raise_exception('Not ' + messages[0].role) if messages[0].role == 'tool' else 'x' }}")
        let good = #"{"messages": [{"role": "user", "content": "a"}]}"#
        for (line, problem) in [
            (#"{"messages": []}"#, "standard input:3: expected {\"messages\": […], \"add_generation_prompt\": true, "),
            ("{", "standard input:3: expected "),
            (
                #"{"messages": [{"role": "tool"}]}"#,
                "standard input:3: \(fixture.model)/chat_template.jinja: the chat template refuses these messages: 'Not tool'. "
            ),
        ] {
            let run = try fixture.run(
                ["tokenize", "--chat", "--model", fixture.model], input: good + "\n\n" + line + "\n")
            #expect(try run.status != 0 && run.output == "{\"ids\":\(ids(fixture, good)),\"text\":\"x\"}\n")
            #expect(run.errors.hasPrefix("error: " + problem), "\(run.errors)")
        }
    }

    @Test("generate, tasks show and eval make the prompt that tokenize --chat shows, with --system and --date")
    func prompts() throws {
        let fixture = try fixture()
        let chat = ["--system", "S", "--date", "2024-07-26"]
        let expected = try ids(
            fixture,
            #"{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Question0"}], "#
                + #""add_generation_prompt": true, "date": "2024-07-26"}"#)
        let generated = try fixture.run(
            ["generate", "--model", fixture.model, "--prompt", "Question0", "--max-tokens", "3", "--json"] + chat)
        #expect(try generated.objects().first?["prompt_ids"] as? [Int] == expected)
        try fixture.writeProblems(3)
        let shown = try fixture.run(
            ["tasks", "show", "gsm-mini", "--split", "test", "--model", fixture.model, "--json"] + chat)
        let tokens = try #require(try shown.objects().first?["tokens"] as? [[String: Any]])
        #expect(tokens.compactMap { $0["id"] as? Int } == expected)
        #expect(
            tokens.compactMap { $0["text"] as? String }.joined() == "<|bos|>system:S<|eos|>user:Question0<|eos|>26A:")
        func evaluate(_ options: [String], _ run: String, resume: Bool = false) throws -> ProgramRun {
            try fixture.run(
                ["eval", "--model", fixture.model, "--task", "gsm-mini", "--max-tokens", "4", "--json"]
                    + ["--run-dir", fixture.folder.path + "/" + run] + options + (resume ? ["--resume"] : []))
        }
        #expect(try evaluate(chat, "a").status == 0)
        #expect(try evaluate(chat, "a", resume: true).status == 0)
        let resumed = try evaluate(["--system", "S", "--date", "2024-07-27"], "a", resume: true)
        #expect(resumed.status == 78 && resumed.errors.contains("other date (--date 2024-07-26), other problems"))
        #expect(
            try evaluate(["--date", "2024-07-26"], "a", resume: true).errors.contains("other problems, other system"))
    }

    @Test("a template that cannot be rendered is an error of prompts alone")
    func brokenTemplate() throws {
        let fixture = try fixture("{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}")
        try fixture.writeProblems(3)
        for arguments in [
            ["generate", "--prompt", "x"], ["eval", "--task", "gsm-mini", "--on-long-prompt", "skip"],
            ["tasks", "show", "gsm-mini", "--split", "test"],
        ] {
            let run = try fixture.run(arguments + ["--model", fixture.model])
            #expect(run.status == 78 && run.output == "", "\(arguments)")
            #expect(
                run.errors.contains("chat_template.jinja: its chat template does not come to an end"), "\(run.errors)")
        }
        #expect(try fixture.run(["inspect", "--model", fixture.model]).status == 0)
        let score = ["score", "--model", fixture.model, "--input", "-"]
        #expect(try fixture.run(score, input: #"{"text": "abc"}"#).status == 0)
    }

    @Test("--system and --date are refused by name for a model that does not read them")
    func plainModel() throws {
        let fixture = try ProgramFixture()
        try fixture.writeProblems(3)
        for (option, value) in [("--system", "x"), ("--date", "2024-07-26")] {
            for arguments in [["generate", "--prompt", "x"], ["eval", "--task", "gsm-mini"]] {
                let run = try fixture.run(arguments + ["--model", fixture.model, option, value])
                #expect(
                    run.status == 78 && run.errors.hasPrefix("error: \(option): \(fixture.model) has no chat template"))
            }
        }
        let chat = try fixture.run(["tokenize", "--chat", "--model", fixture.model], input: #"{"messages": [{}]}"#)
        #expect(chat.status == 78 && chat.errors.contains("it has no chat template, which a conversation needs"))
    }

    @Test("inspect names the end tokens with their file, and the file of the template")
    func inspection() throws {
        let fixture = try fixture()
        let text = try fixture.run(["inspect", "--model", fixture.model]).output
        #expect(text.contains("1 <|eos|>, 2 <|pad|>, by generation_config.json"))
        #expect(text.contains("chat, by \(fixture.model)/chat_template.jinja"))
        let object = try #require(try fixture.run(["inspect", "--model", fixture.model, "--json"]).objects().first)
        #expect(object["end_tokens"] as? [Int] == [1, 2])
        #expect(object["end_tokens_source"] as? String == "generation_config.json")
    }
}
