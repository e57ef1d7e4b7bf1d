import Foundation
import T2Verifiers
import Testing

/// No time is measured: the readers count the bytes they look at, and what they parse without counting has a limited
/// length.
@Suite("Answers of any text")
struct AnswerRobustnessTests {
    private static let options = ["cellular telephone", "television", "refrigerator", "airplane"]
    private static let megabyte = 1 << 20
    /// Bytes looked at per byte of a completion, also by readers that try one pattern after the other.
    private static let stepLimit = 100

    private static let pieces = [
        "{", "}", "\\", "\\frac", "\\boxed{", "\\boxed ", "\\boxed", "\\fbox{x}", "9", "answer is ", "answer: ",
        "answer",
        "a", ",", "1,", "1,234,", "(", "((A", "[", "^", "_", "\\sqrt", "\\sqrt{", "\\left(", "\\text{", "#", "#### ",
        "#### 1/",
        "#### -", "$", "*", " ", "\n", "=", "5+", "5=5+", "A or ", "(A), ", "option ", "1 ", "+", "-", "!", "|", "\\\\",
        "&",
        "\\begin{pmatrix}", "\\{", "e9", "9e", ".", ".9", "\u{0}", "\u{FFFD}", "e\u{0301}", "television ", "x = ",
        "million ",
    ]

    private func check(_ completion: String) {
        let limit = Self.stepLimit * completion.utf8.count + 1000
        var steps = 0
        _ = NumberAnswer(inCompletion: completion) { steps += $0 }
        #expect(steps <= limit, "number")
        steps = 0
        _ = ChoiceAnswer(inCompletion: completion, options: Self.options) { steps += $0 }
        #expect(steps <= limit, "choice")
        steps = 0
        _ = LatexAnswer(inCompletion: completion) { steps += $0 }
        #expect(steps <= limit, "formula")
        #expect(AnswerMarkers(Array(completion.utf8)).steps <= 20 * completion.utf8.count + 1000, "markers")
        _ = BoxedAnswer(inCompletion: completion)
    }

    @Test("a megabyte of anything is read in linear steps, and an answer after it is found", arguments: pieces)
    func megabytes(piece: String) {
        let long = String(repeating: piece, count: Self.megabyte / piece.utf8.count)
        check(long)
        check("the answer is \(long)")
        check("\\boxed{\(long)}")
        // Bare boxes and unclosed braces before it take nothing away.
        let completion = "\(long)}}\n\\boxed{7}\n"
        #expect(NumberAnswer(inCompletion: completion) == NumberAnswer("7"))
        #expect(ChoiceAnswer(inCompletion: completion + "The answer is (B).", options: Self.options)?.letter == "B")
        #expect(LatexAnswer(inCompletion: completion) == LatexAnswer("7"))
    }

    @Test("golds of a megabyte are compared", arguments: ["9", "{", "\\frac", "1,234", "\\sqrt{", "9/", "x+"])
    func longGolds(piece: String) {
        let long = String(repeating: piece, count: Self.megabyte / piece.utf8.count)
        #expect(LatexAnswer(long) == LatexAnswer(" \(long)"))
        #expect(LatexAnswer(long) != LatexAnswer("1"))
        #expect(NumberAnswer(long) == NumberAnswer("\(long) "))
        #expect(BoxedAnswer(inCompletion: "\\boxed{\(long)") == nil)
    }

    @Test(
        "formulas of any depth are compared on a small stack",
        arguments: [
            ("(", "x", ")"), ("\\sqrt{", "x", "}"), ("{", "x", "}"), ("\\frac{1}{", "x", "}"), ("[", "x", "]"),
            ("\\{", "x", "\\}"),
            ("\\sqrt", "x", ""), ("2^{", "x", "}"), ("\\sin ", "x", ""), ("\\overline{", "x", "}"), ("|", "x", "|"),
            ("-", "x", ""),
            ("", "x", "^2"), ("", "x", "!"), ("", "x", "'"), ("", "x", "_1"), ("x \\cup ", "x", ""),
            ("x \\setminus ", "x", ""),
            ("x \\pm ", "x", ""), ("x,", "x", ""), ("x/", "x", ""), ("x=", "x", ""),
            ("\\begin{matrix}", "x", "\\end{matrix}"),
            ("\\text{", "x", "}"), ("\\mathbf{", "x", "}"), ("\\lfloor ", "x", "\\rfloor "), ("(1,", "x", ")"),
            ("{x \\choose ", "x", "}"),
            ("\\log_{", "2", "}"), ("1\\frac12", "x", ""), ("\\langle ", "x", "\\rangle "), ("-(", "x", ")"),
            ("x+(", "x", ")"),
        ])
    func depth(opening: String, core: String, closing: String) {
        let unit = opening.utf8.count + closing.utf8.count
        let limit = LatexParser.depthLimit
        let texts = [1, limit - 1, limit, limit + 1, 200, LatexAnswer.lengthLimit / unit - 2].map { count in
            String(repeating: opening, count: count) + core + String(repeating: closing, count: count)
        }
        // The smallest stack that threads of programs have.
        let judged = onSmallStack {
            texts.allSatisfy {
                LatexAnswer($0) == LatexAnswer("\($0) ") && LatexAnswer("\($0) 7") != LatexAnswer("\($0) 8")
            }
        }
        #expect(judged)
    }

    @Test("formulas at the length limit with large numbers and many terms are compared", arguments: [1, 2, 3])
    func largest(seed: UInt64) {
        var random = SplitMix(state: seed)
        let operators = ["+", "-", "*", "/", "^", ",", "<", "\\cup ", "\\pm "]
        for joint in operators {
            let terms = (0..<90).map { _ in "\(random.next() % 999_983 + 2)" }
            let sum = terms.joined(separator: joint)
            // Powers nest too deep to be parsed; as text, the braces count.
            #expect((LatexAnswer(sum) == LatexAnswer("{\(sum)}")) == (joint != "^"), "\(joint)")
            #expect(LatexAnswer(sum) == LatexAnswer(sum.replacing(joint, with: " \(joint) ")))
        }
    }

    @Test("random bytes and mutated answers never crash, and every answer equals itself", arguments: 0..<8)
    func mutations(seed: UInt64) {
        var random = SplitMix(state: seed)
        let alphabet = Array("\\{}()[]^_$#,.0123456789abcxyzABE+-*/=<>|!&%' \n\u{FF}".utf8)
        for round in 0..<1500 {
            var bytes = Array(Self.answers[round % Self.answers.count].utf8)
            for _ in 0..<(1 + random.next() % 6) where !bytes.isEmpty {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 5 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] = alphabet[Int(random.next() % UInt64(alphabet.count))]
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(alphabet[Int(random.next() % UInt64(alphabet.count))], at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(8), at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            check(text)
            #expect(LatexAnswer(text) == LatexAnswer("\(text) "), "\(text.debugDescription)")
            #expect((LatexAnswer(text) == LatexAnswer("7")) == (LatexAnswer("7") == LatexAnswer(text)))
            #expect(NumberAnswer(text) == NumberAnswer(text))
            if let boxed = LatexAnswer(inCompletion: text) { #expect(boxed == LatexAnswer(boxed.text)) }
        }
    }

    @Test("a megabyte of random bytes is read in linear steps", arguments: [1, 2])
    func randomMegabyte(seed: UInt64) {
        var random = SplitMix(state: seed)
        check(
            String(decoding: (0..<Self.megabyte).map { _ in UInt8(truncatingIfNeeded: random.next()) }, as: UTF8.self))
        let words = Self.answers + Self.pieces
        var text = ""
        while text.utf8.count < Self.megabyte { text += words[Int(random.next() % UInt64(words.count))] }
        check(text)
    }

    private static let answers = [
        "#### 1,234.50", "The answer is (B).", "\\boxed{\\frac{1}{2}}", "answer: **$18**", "\\boxed{1\\frac{3}{4}}",
        "\\boxed{\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}}", "\\boxed{[0,\\infty)\\cup\\{-1,2\\}}",
        "#### 1.5 \\times 10^{3}",
        "\\frac{1+\\sqrt[3]{5}}{2}", "x \\in \\{1, 2, \\text{ or } 3\\}", "90^\\circ\\text{ cm}^2", "2^{10}-5!",
        "\\log_2 8+\\sin^2 x",
        "1,234{,}567", "0.1\\overline{6}", "|x-1| \\le 3 \\pm y", "f(x)=x^{-1/2}", "1010_{2}", "\\text{(B)}",
        "9*2 = 18, so #### 18",
        "the answer is A or B", "\\boxed 5$ ", "\\lfloor -3.7\\rfloor", "{n \\choose 2}", "\\text{even}", "(1,2),(3,4)",
    ]

    private func onSmallStack(_ work: @escaping @Sendable () -> Bool) -> Bool {
        let result = Box()
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            result.value = work()
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
        return result.value
    }

    /// Written by one thread, then read by another after its signal.
    private final class Box: @unchecked Sendable {
        var value = false
    }
}
