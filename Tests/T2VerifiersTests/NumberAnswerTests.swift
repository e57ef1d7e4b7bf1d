import T2Verifiers
import Testing

@Suite("Number answers")
struct NumberAnswerTests {
    @Test(
        "equal the gold by value, whatever their form",
        arguments: [
            ("#### 18", "18"), ("####18", "18"), ("####   18", "18"), ("####\n18", "18"), ("####-5", "-5"),
            ("#### \u{2212}5", "-5"), ("#### - 5", "-5"), ("#### +5", "5"), ("#### 1,234", "1234"),
            ("#### 1,234,567.50", "1234567.5"), ("#### 1234", "1,234"), ("#### 18, as she said", "18"),
            ("#### 1,2", "1"), ("#### 5.", "5"), ("#### .5", "0.5"), ("#### 0.50", ".5"), ("#### 3/4", "0.75"),
            ("#### 3 / 4", ".75"), ("#### 6/3", "2"), ("#### 1 1/2", "1.5"), ("#### -1 1/2", "-1.5"),
            ("#### 50%", "50%"), ("#### 50%", "50"), ("#### 50 percent", "50"), ("#### 50", "50%"),
            ("#### $18", "18"), ("#### $ 18", "18"), ("#### -$18", "-18"), ("#### $-18", "-18"), ("#### 18 USD", "18"),
            ("#### USD 18", "18"), ("#### €18", "18"), ("#### £1,800", "1800"), ("#### 18 dollars", "18"),
            ("#### 5 kg", "5"), ("#### 5kg", "5"), ("#### 5 square feet", "5"), ("#### $5/hour", "5"),
            ("#### 1e3", "1000"), ("#### 1.5E-2", "0.015"), ("#### 1.5 × 10^3", "1500"), ("#### 1.5 x 10^3", "1500"),
            ("#### 1.5 \\times 10^{3}", "1500"), ("#### 10^6", "1000000"), ("#### 2*10^{-3}", "0.002"),
            ("#### 2 million", "2000000"), ("#### 1.5 billion", "1500000000"), ("#### 007", "7"), ("#### -0", "0"),
            ("\\boxed{18}", "18"), ("\\boxed{\\frac{3}{4}}", "0.75"), ("\\boxed{\\frac34}", "3/4"),
            ("\\boxed{-\\dfrac{1}{2}}", "-0.5"), ("\\boxed{1\\frac{1}{2}}", "1.5"), ("\\boxed{\\$18}", "18"),
            ("\\boxed{1{,}234}", "1234"), ("\\boxed{1,\\!234}", "1234"), ("\\boxed{1\\,234}", "1234"),
            ("\\boxed{50\\%}", "50"), ("\\boxed{10\\text{ units}}", "10"), ("\\boxed{\\text{18}}", "18"),
            ("\\boxed{\\textbf{18 apples}}", "18"), ("\\boxed{x = 18}", "18"), ("\\boxed{\\text{Total} = 18}", "18"),
            ("\\boxed 18", "18"), ("$\\boxed 18$", "18"), ("\\boxed {18}", "18"), ("\\fbox{18}", "18"),
            ("\\boxed{90^\\circ}", "90"), ("\\boxed{\\boxed{18}}", "18"),
            ("The answer is 18.", "18"), ("the answer is: 18", "18"), ("The ANSWER IS 18!", "18"),
            ("Answer: 18", "18"), ("**Answer:** 18", "18"), ("**Answer**: 18", "18"), ("Answer:\n\n18", "18"),
            ("answer: **18**", "18"), ("The answer is **$18**.", "18"), ("The answer is $18$.", "18"),
            ("The final answer is: $\\boxed{18}$", "18"), ("The answer is approximately 18", "18"),
            ("the answer is about $1,800.50.", "1800.5"), ("The answer is a total of 18 eggs", "18"),
            ("The answer is x = 18", "18"), ("The answer is 9 * 2 = 18", "18"), ("The answer is 9*2 = $18.", "18"),
            ("answer is 9 eggs + 9 eggs = 18 eggs", "18"), ("answer is $20 - $2 = $18, so", "18"),
        ])
    func right(completion: String, gold: String) throws {
        let found = try #require(NumberAnswer(inCompletion: completion))
        #expect(found == NumberAnswer(gold), "found \(found.text)")
    }

    @Test(
        "differ from every other number",
        arguments: [
            ("#### 18", "19"), ("#### -18", "18"), ("#### 1,234", "234"), ("#### 1,234", "1"), ("#### 18.5", "18"),
            ("#### 0.333", "1/3"), ("#### 0.3333333333333333333333", "1/3"), ("#### 50%", "0.5"), ("#### 0.5", "50%"),
            ("#### 1e3", "1"), ("#### 1.5 × 10^3", "1.5"), ("#### 3/4", "3"), ("#### 1 1/2", "1"),
            ("#### 2 million", "2"),
            ("#### 12345678901234567890123", "12345678901234567890124"), ("#### 1.0000000000000000000001", "1"),
            ("#### 9 * 2 = 18", "9"), ("#### 7 #### 8", "7"), ("the answer is 7. No, the answer is 8", "7"),
        ])
    func wrong(completion: String, gold: String) throws {
        let found = try #require(NumberAnswer(inCompletion: completion))
        #expect(found != NumberAnswer(gold), "found \(found.text)")
    }

    @Test(
        "are not guessed",
        arguments: [
            "", "18", "She has 18 eggs.", "#### ", "#### eighteen", "#### -", "#### ,7", "#### \u{0667}", "answer is",
            "the answer is not 18", "\\boxed{18", "\\boxed{x}", "\\boxed{}", "### 18", "the answers are 18",
            "The answer is between 5 and 7", "#### 5-7", "#### 5 - 7", "#### 5+7", "#### 5 × 7", "#### 5:30",
            "#### 2^3",
            "#### 3/0", "#### 3/4/2020", "#### 1.2.3", "\\boxed{10_2}", "#### --5", "answer isn't 5", "answerable is 5",
            "Answer:\n- 18 eggs", "\\boxed{\\frac{1}{0}}", "\\boxed{\\frac{1}", "\\boxed{\\sqrt{2}}", "#### e5",
        ])
    func none(completion: String) {
        #expect(NumberAnswer(inCompletion: completion) == nil)
    }

    @Test(
        "stand after the last marker that has one",
        arguments: [
            ("#### 7 #### 8", "8"), ("#### 7\nthe answer is 8", "8"), ("the answer is 7\n#### 8", "8"),
            ("\\boxed{7} so the answer is 8", "8"), ("the answer is 7, \\boxed{8}", "8"), ("#### 7 #### none", "7"),
            ("#### 7\nThe answer is clear.", "7"), ("\\boxed{7} \\boxed{8", "7"), ("#### 7 \\boxed{x}", "7"),
            ("#### 7\nAnswer: ", "7"), ("\\boxed{7 \\boxed{x}}", "7"), ("Answer: 7 9", "7"),
        ])
    func markers(completion: String, gold: String) {
        #expect(NumberAnswer(inCompletion: completion) == NumberAnswer(gold))
    }

    @Test(
        "keep what was written for people",
        arguments: [
            ("#### 1,234.50 eggs", "1,234.50"), ("the answer is $18.", "18"),
            ("\\boxed{-\\frac{1}{2}}", "-\\frac{1}{2}"),
            ("#### 50 %", "50 %"), ("#### 9*2 = 18", "18"), ("####-$5", "-$5"), ("#### 2 million people", "2 million"),
        ])
    func text(completion: String, text: String) {
        #expect(NumberAnswer(inCompletion: completion)?.text == text)
    }

    @Test("compare by value at any length")
    func length() {
        let long = String(repeating: "7", count: 100_000)
        #expect(NumberAnswer("#### \(long)") == NumberAnswer("0\(long).000"))
        #expect(NumberAnswer("\(long)1") != NumberAnswer("\(long)2"))
        #expect(NumberAnswer("\(long)") != NumberAnswer("\(long)7"))
        #expect(NumberAnswer("1e99999999999999999999") != NumberAnswer("1e9"))
    }

    @Test("fractions with parts of a thousand digits compare exactly, longer ones are no number")
    func longFractions() {
        let part = String(repeating: "3", count: 1000)
        #expect(NumberAnswer("\(part)/\(part)") == NumberAnswer("1"))
        #expect(NumberAnswer("\(part)/\(part)1") != NumberAnswer("0.1"))
        #expect(NumberAnswer("\(part)\(part)/3") == nil)
    }
}
