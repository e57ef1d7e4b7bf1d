import Foundation
import T2Jinja
import Testing

@Suite("A chat template")
struct TemplateTests {
    private static var now: tm { TemplateFixture.time((2024, 7, 26), (13, 4, 5)) }

    private static func render(
        _ template: String, _ variables: [String: TemplateValue] = [:]
    ) throws(TemplateError) -> TemplateText {
        try Template(template).render(variables, now: now)
    }

    @Test("writes what transformers writes, snippet by snippet, and fails where it fails")
    func snippets() throws {
        let lines = try TemplateFixture.lines("snippets")
        let context = try JSONDecoder().decode([String: TemplateFixture.JSON].self, from: lines[0]).mapValues(\.value)
        #expect(lines.count > 250)
        for line in lines.dropFirst() {
            let snippet = try JSONDecoder().decode(TemplateFixture.Snippet.self, from: line)
            do {
                let text = try Self.render(snippet.template, context).string
                #expect(TemplateFixture.isSame(text, snippet.expected), "\(snippet.template)\n\(text)")
            } catch {
                #expect(snippet.expected == nil, "\(snippet.template): \(error)")
                #expect((error.kind == .raised) == (snippet.error != nil))
                if error.kind == .raised { #expect(error.problem == snippet.error) }
                #expect(error.line != nil, "\(snippet.template)")
            }
        }
    }

    @Test("of a published model writes what transformers writes, with and without a system message, for several turns")
    func published() throws {
        let templates = try TemplateFixture.published()
        #expect(templates.count == 20)
        for published in templates {
            let template = Template(published.template)
            for example in published.cases {
                var variables: [String: TemplateValue] = [
                    "messages": .list(example.messages.map(\.value)), "tools": .none, "documents": .none,
                    "add_generation_prompt": .bool(example.addGenerationPrompt),
                ]
                variables["bos_token"] = published.bosToken.map { .text($0) }
                variables["eos_token"] = published.eosToken.map { .text($0) }
                let date = example.date.split(separator: "-").compactMap { Int($0) }
                let time = TemplateFixture.time((date[0], date[1], date[2]))
                do {
                    let text = try template.render(variables, now: time).string
                    #expect(
                        TemplateFixture.isSame(text, example.expected), "\(published.name), \(example.label)\n\(text)")
                } catch {
                    #expect(example.expected == nil, "\(published.name), \(example.label): \(error)")
                    if example.errorType == "jinja2.TemplateError" { #expect(error.problem == example.error) }
                }
            }
        }
    }

    @Test("knows which parts of its text a message's author wrote, whatever was done with them")
    func origins() throws {
        let message = TemplateValue.text(" <s>Hi</s> ", isContent: true)
        for (template, expected) in [
            ("<s>{{ m }}</s>", "<s>[ <s>Hi</s> ]</s>"), ("{{ '<s>' + m | trim + '</s>' }}", "<s>[<s>Hi</s>]</s>"),
            ("{{ m.split('Hi')[1] ~ '!' }}", "[</s> ]!"), ("{{ m | replace('Hi', 'x') | upper }}", "[ <S>]X[</S> ]"),
            ("{{ [m[1:3]] | tojson }}", "[\"[<s]\"]"),
            ("{% set x %}a{{ m | title | trim }}{% endset %}{{ x }}", "a[<S>hi</s>]"),
            ("{% macro f(x) %}({{ x | trim }}){% endmacro %}{{ f(m) }}", "([<s>Hi</s>])"),
            ("{{ m is string and '<s>' in m }}", "True"),
        ] {
            let text = try Self.render(template, ["m": message])
            let marked = text.parts.map { $0.isContent ? "[\($0.text)]" : $0.text }.joined()
            #expect(marked == expected, "\(template)")
        }
    }

    @Test(
        "that has no end ends with an error in a moment",
        arguments: [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ range(10000000000) }}", "{{ 'abc' * 9000000000 }}",
            "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s | replace('x', 'xx') %}{% endfor %}",
            "{% set ns = namespace(s=1) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
            "{% set ns = namespace(s=1) %}{% for i in range(99999) %}{% set ns.s = dict(a=ns.s) %}{% endfor %}{{ ns.s }}",
            "{% for i in range(99999) %}{{ 'a long text to be written again and again' * 99 }}{% endfor %}",
        ])
    func endless(template: String) {
        let error = #expect(throws: TemplateError.self) { try Self.render(template) }
        #expect(error?.kind == .endless, "\(error as Any)")
    }

    @Test("that is nested without measure is refused, not run")
    func nesting() {
        let depth = 100_000
        for template in [
            "{{ " + String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth) + " }}",
            "{{ " + String(repeating: "-", count: depth) + "1 }}",
            "{{ " + String(repeating: "not ", count: depth) + "1 }}",
            "{{ 1" + String(repeating: " + 1", count: depth) + " }}",
            "{{ a" + String(repeating: ".a", count: depth) + " }}",
            "{{ a" + String(repeating: "|trim", count: depth) + " }}", "{{ " + String(repeating: "[", count: depth),
            String(repeating: "{% if a %}", count: depth),
            "{{ 1" + String(repeating: " if 1 else 1", count: depth) + " }}",
            "{% set " + String(repeating: "(", count: depth),
        ] {
            let error = #expect(throws: TemplateError.self) { try Self.render(template) }
            #expect(error?.kind == .malformed, "\(template.prefix(40)): \(error as Any)")
        }
    }

    @Test("that uses what this program does not have is refused by its name, and only when it is rendered")
    func unsupported() {
        for (text, name) in [
            ("a\n{% include 'x' %}", "line 2: the tag 'include'"),
            ("{{ 'a' | wordwrap }}", "line 1: the filter 'wordwrap'"),
            ("{{ 'a' is filter }}", "line 1: the test 'filter'"),
            ("{{ '%s' % 1 }}", "line 1: the operator '%' of a text"),
        ] {
            let template = Template(text)
            let error = #expect(throws: TemplateError.self) { try template.render([:], now: Self.now) }
            #expect(error?.kind == .unsupported && error?.description == name, "\(error as Any)")
        }
    }
}
