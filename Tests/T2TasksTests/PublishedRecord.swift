import Foundation

/// Small records in the layouts of published data sets, as JSON.
enum PublishedRecord {
    /// One record as a JSON object.
    static func json(_ record: [String: Any]) -> String {
        let data = try? JSONSerialization.data(withJSONObject: record, options: [.sortedKeys])
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    static func sum(_ number: Int, answer: String? = nil) -> String {
        let sum = number + 1
        return json([
            "question": "What is \(number) and 1?",
            "answer": answer ?? "\(number)+1 = <<\(number)+1=\(sum)>>\(sum)\n#### \(sum)",
        ])
    }

    static func arc(
        _ labels: [String], key: String, id: String = "q", isFlat: Bool = false, texts: [String]? = nil
    ) -> String {
        let texts = texts ?? labels.map { "option \($0)" }
        if isFlat {
            return json([
                "id": id, "question": "Which?", "choices": ["text": texts, "label": labels], "answerKey": key,
            ])
        }
        let choices = zip(texts, labels).map { ["text": $0, "label": $1] }
        return json(["id": id, "question": ["stem": "Which?", "choices": choices], "answerKey": key])
    }

    static func code(
        _ number: Int, text: String = "Write f.", setup: String = "", key: String = "text", more: [String: Any] = [:]
    ) -> String {
        json(
            [
                "task_id": number, key: text, "code": "def f(x):\r\n\treturn x\r\n", "test_setup_code": setup,
                "test_list": ["assert f(1) == 1", "assert f(2) == 2"], "challenge_test_list": [String](),
            ].merging(more) { $1 })
    }

    static func competition(_ solution: String) -> String {
        json(["problem": "Find x.", "level": "Level 1", "type": "Algebra", "solution": solution])
    }
}
