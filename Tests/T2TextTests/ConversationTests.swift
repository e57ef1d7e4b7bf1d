import Foundation
import T2Core
import T2Text
import Testing

@Suite("A conversation as JSON")
struct ConversationTests {
    private func text(_ json: String, _ template: String) throws -> String {
        try ChatFolder(template: template).tokenizer().render(Conversation(json: Data(json.utf8))).text
    }

    @Test("keeps the order of keys, and passes further keys to the template")
    func order() throws {
        let json =
            #"{"messages": [{"z": 1, "a": [1.5, "é\n"], "role": "user", "m": null}], "extra": {"y": true, "x": 2}}"#
        #expect(
            try text(json, "{{ messages | tojson }} {{ extra | tojson }} {{ tools }} {{ add_generation_prompt }}")
                == #"[{"z": 1, "a": [1.5, "é\n"], "role": "user"}] {"y": true, "x": 2} None False"#)
    }

    @Test("may name the tools and special tokens that the template reads")
    func overrides() throws {
        let json =
            #"{"messages": [{"role": "user"}], "tools": [{"name": "f"}], "eos_token": "E", "date": "1999-12-31"}"#
        #expect(
            try text(json, "{{ tools[0].name }}{{ eos_token }}{{ bos_token is defined }}{{ strftime_now('%y') }}")
                == "fEFalse99")
    }

    @Test("is refused with the reason if it is none")
    func refusals() {
        for (json, reason) in [
            ("{", "JSON"), ("[]", "it is not an object"), ("{}", "messages is not a list"),
            (#"{"messages": []}"#, "messages is not a list"), (#"{"messages": [3]}"#, "messages[0] is not an object"),
            (#"{"messages": [{}], "add_generation_prompt": 1}"#, "add_generation_prompt is neither true nor false"),
            (#"{"messages": [{}], "date": "2023-02-29"}"#, "date is '2023-02-29', expected one such as 2024-07-26"),
            (#"{"messages": [{"a": 123456789012345678901}]}"#, "out of range"),
            (
                #"{"messages": [{"a": "# + String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
                    + "}]}", "deep"
            ),
        ] {
            let error = #expect(throws: (any Error).self) { try Conversation(json: Data(json.utf8)) }
            #expect(
                error.map { decodingProblem($0).contains(reason) } == true,
                "\(json): \(error.map { decodingProblem($0) } ?? "")")
        }
    }
}
