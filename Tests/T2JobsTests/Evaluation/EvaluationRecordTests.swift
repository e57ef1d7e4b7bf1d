import T2Core
import T2Jobs
import T2TestSupport
import Testing

@Suite("EvaluationRecord")
struct EvaluationRecordTests {
    @Test("what is written is read, in its order, with decisions, missing rewards and any text")
    func roundTrip() throws {
        let records = [
            record("b", .judged(.right)), record("a", .missing(reason: "the sandbox \"broke\"")),
            record("c", .judged(.noAnswer), completion: "two\nlines, a / slash and \u{1F4A1}"),
            record(
                "d", .judged(.wrong),
                dispatch: Dispatch(category: "math", expert: nil, answer: "a\nb")),
            record("e", .judged(.wrong), dispatch: Dispatch(category: "other", expert: nil, answer: "a\nb")),
        ]
        let folder = try TemporaryFolder()
        let path = folder.path + "/records.jsonl"
        try EvaluationRecord.write(records, to: path)
        #expect(try EvaluationRecord.read(path: path) == records)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(
            lines[0]
                == #"{"completion":"c","finished":true,"id":"b","outcome":"right","prompt":"p b","tokens":3,"topic":"t"}"#
        )
        #expect(lines[1].contains(#""missing":"the sandbox \"broke\"""#) && !lines[1].contains("outcome"))
    }

    @Test(
        "a malformed line is refused by file and line",
        arguments: [
            ("not JSON", "expected a record"),
            (#"{"id":"x"}"#, "is missing"),
            (Self.line(#""outcome":"rigth""#), "'rigth', expected one of right, wrong, no-answer"),
            (Self.line(#""other":1"#), "absent, and so is 'missing'"),
            (Self.line(#""outcome":"right","missing":"r""#), "so is 'missing'"),
            (Self.line(#""outcome":"right""#, id: ""), "id: it is empty"),
            (Self.line(#""outcome":"right""#, tokens: "-1"), "tokens: it is -1"),
            (Self.line(#""outcome":"right""#, tokens: "1.5"), "number"),
            (Self.line(#""outcome":"right","dispatch":{"category":"math"}"#), "answer"),
            (Self.line(#""outcome":"right""#, id: "first"), "'first' is already used on line 1"),
        ])
    func malformed(line: String, message: String) throws {
        let folder = try TemporaryFolder()
        let first = Self.line(#""outcome":"right""#, id: "first")
        let path = try folder.write(first + "\n \n" + line + "\n", to: "records.jsonl")
        let error = try #require(throws: InputError.self) { try EvaluationRecord.read(path: path) }
        #expect(error.description.hasPrefix("\(path):3: "))
        #expect(error.description.contains(message))
        #expect(error.exitStatus == .data)
    }

    @Test("a file without records, and none at all")
    func empty() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("\n", to: "records.jsonl")
        let error = try #require(throws: InputError.self) { try EvaluationRecord.read(path: path) }
        #expect(error.description.hasPrefix("\(path): it holds no records"))
        #expect(throws: SystemError.self) { try EvaluationRecord.read(path: path + "x") }
    }

    private func record(
        _ id: String, _ reward: Reward, completion: String = "c", dispatch: Dispatch? = nil
    ) -> EvaluationRecord {
        EvaluationRecord(
            Problem(id: id, topic: "t", prompt: "p \(id)", verification: .number(answer: "1")),
            .evaluated(completion, tokens: 3, finished: true, reward), dispatch: dispatch)
    }

    private static func line(_ judgement: String, id: String = "x", tokens: String = "3") -> String {
        #"{"id":"\#(id)","topic":"t","prompt":"p","completion":"c","tokens":\#(tokens),"finished":true,\#(judgement)}"#
    }
}

extension Completion {
    static func evaluated(_ text: String, tokens: Int, finished: Bool, _ reward: Reward) -> Completion {
        var completion = Completion(
            prompt: [], tokens: [Int32](repeating: 0, count: tokens), finishReason: finished ? .stop : .length)
        completion.text = text
        completion.reward = reward
        return completion
    }
}
