import T2Verifiers
import Testing

@Suite("Choice answers")
struct ChoiceAnswerTests {
    private static let technologies = ["cellular telephone", "television", "refrigerator", "airplane"]

    @Test(
        "are letters in every form",
        arguments: [
            "the answer is (B)", "the answer is B", "The answer is b", "the answer is (b)", "the answer is B)",
            "the answer is B.", "the answer is **B**", "the answer is **(B)**.", "the answer is option B",
            "the answer is choice (B).", "The answer is: B", "Answer: B", "**Answer:** B", "Answer: [B]", "ANSWER: B!",
            "#### B", "####(B)", "\\boxed{B}", "\\boxed{\\text{B}}", "\\boxed{\\text{(B)}}", "\\boxed{\\textbf{(B) }x}",
            "$\\boxed{\\mathrm{B}}$", "\\boxed B", "the answer is \"B\"", "the answer is 'B'.", "the answer is `B`",
            "the answer is B\n\nBecause it is.", "the answer is B, because", "the answer is B: television",
            "the answer is B - television", "the answer is (B) television", "the answer is B because it is new",
            "the answer is B Television", "the answer is B television", "the answer is B\u{3002}",
            "the answer is A? No, the answer is B", "the answer is B. The answer is clear.", "answer is A #### B",
            "B", "(B)", "B.", " **B** ", "b", "B)", "\n(B)\n", "\\text{B}", "Answer:\nB",
            "the answer is B as it is new",
            "the answer is television", "the answer is Television.", "the answer is the television",
            "the answer is (television)", "the answer is television because it is new", "the answer is  TELEVISION !",
            "the answer is **television**.", "\\boxed{television}", "\\boxed{\\text{television}}",
            "the answer is 2", "the answer is (2)", "the answer is 2.", "answer: option 2",
        ])
    func right(completion: String) {
        #expect(ChoiceAnswer(inCompletion: completion, options: Self.technologies)?.letter == "B")
    }

    @Test(
        "are not found in articles, words, numbers and pairs of letters",
        arguments: [
            "", "the answer is", "the answer is a dog", "the answer is A dog", "the answer is an airplane hangar",
            "the answer is Bee", "the answer is B2", "the answer is B\u{00E9}", "the answer is (B", "the answer isB",
            "the answer is B cells", "the answer is B-cells", "the answer is B's", "the answer is E",
            "the answer is (Z)",
            "the answer is A or B", "the answer is (A) or (B)", "the answer is A and B", "the answer is A, B",
            "the answer is A/B", "the answer is both A and B", "the answer is not B", "the answer is 5",
            "the answer is 0",
            "the answer is 22", "the answer is 2.5", "the answer is tele", "the answer is televisions", "B is it",
            "B or C",
            "I think B", "BB", "(B", "2", "television", "the answer is E. Sorry", "the answer is $2x$", "\\boxed{}",
            "the answer is a.m. of it", "the answer is (B C)", "\\boxed{\\frac{A}{B}}",
        ])
    func none(completion: String) {
        #expect(ChoiceAnswer(inCompletion: completion, options: Self.technologies) == nil)
    }

    @Test(
        "without known options have any letter, and neither texts nor numbers",
        arguments: [
            ("answer is E", "E"), ("answer is (z)", "Z"), ("answer is 2", nil), ("answer is television", nil),
            ("answer is a", "A"), ("answer is A because", "A"), ("answer is A dog", nil), ("answer is A Dog", "A"),
        ] as [(String, Character?)])
    func unknownOptions(completion: String, letter: Character?) {
        #expect(ChoiceAnswer(inCompletion: completion, options: [])?.letter == letter)
    }

    @Test(
        "follow the options' texts where these could be letters, labels or parts of each other",
        arguments: [
            ("answer is C", ["C", "Co", "Cp", "Cu"], "C"), ("answer is Co", ["C", "Co", "Cp", "Cu"], "B"),
            ("answer is I", ["Fe", "I", "Ir", "Pb"], "B"), ("answer is 1", ["4", "3", "2", "1"], "D"),
            ("answer is 2", ["1", "28", "365", "1440"], nil), ("answer is (2)", ["2", "4", "8", "16"], "A"),
            ("answer is +1", ["+2", "+1", "-1", "-2"], "B"), ("answer is -1", ["+2", "+1", "-1", "-2"], "C"),
            ("answer is 3%", ["100%", "90%", "70%", "3%"], "D"), ("answer is RR", ["R", "rr", "Rr", "RR"], "D"),
            ("answer is Rr", ["R", "rr", "Rr", "RR"], "C"), ("answer is rR", ["R", "rr", "Rr", "RR"], nil),
            ("answer is water vapor", ["water", "water vapor"], "B"),
            ("answer is water.", ["water", "water vapor"], "A"),
            ("answer is x", ["same", "same"], nil), ("answer is same", ["same", "same"], nil),
            ("answer is A and B only", ["A only", "A and B only"], "B"),
            ("answer is a cell divides", ["It rains.", "A cell divides."], "B"),
            ("answer is \u{00C4}pfel", ["\u{00C4}pfel", "Birnen"], "A"), ("answer is a  b\n c", ["x", "a b c."], "B"),
            ("answer is e", ["", "x"], nil), ("answer is ", ["", ""], nil),
        ] as [(String, [String], Character?)])
    func texts(completion: String, options: [String], letter: Character?) {
        #expect(ChoiceAnswer(inCompletion: completion, options: options)?.letter == letter)
    }

    @Test("are compared with one capital letter", arguments: ["", "b", "AB", "(A)", "1", "\u{00C4}"])
    func gold(text: String) {
        #expect(ChoiceAnswer(text) == nil)
        #expect(ChoiceAnswer("A") == ChoiceAnswer(inCompletion: "answer is (a)", options: []))
        #expect(ChoiceAnswer("A") != ChoiceAnswer("B"))
    }
}
