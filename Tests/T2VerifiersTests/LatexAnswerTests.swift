import T2Verifiers
import Testing

@Suite("LaTeX answers")
struct LatexAnswerTests {
    @Test(
        "are equal in every way of writing them",
        arguments: [
            // Layout
            ("1/2", "\\frac{1}{2}"), ("\\frac12", "\\dfrac{1}{2}"), ("\\tfrac12", "\\cfrac{1}{2}"),
            ("\\frac1{72}", "\\frac{1}{72}"), ("\\frac{1}2", "1/2"), ("$\\frac{1}{2}$", "\\frac 1 2"),
            ("\\left(x-2\\right)\\left(x+2\\right)", "(x-2)(x+2)"),
            ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"),
            ("x + 2", "x+2"), ("x\\,+\\;2", "x+2"), ("\\displaystyle \\frac{1}{2}", "0.5"),
            ("\\\\frac{1}{2}", "\\frac{1}{2}"),
            ("2 x", "2x"), ("42.", "42"), ("\\(42\\)", "42"), ("\\boxed{42}", "42"), ("~42~", "42"), ("\\!42", "42"),
            // Roots and powers
            ("\\sqrt3", "\\sqrt{3}"), ("\\sqrt{3}", "√3"), ("sqrt(3)", "\\sqrt{3}"), ("\\sqrt[3]{8}", "2"),
            ("\\sqrt{16}", "4"),
            ("\\sqrt{12}", "2\\sqrt{3}"), ("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}"), ("x^2", "x^{2}"),
            ("2^10", "1024"),
            ("2^{10}", "1024"), ("2^{100}", "1267650600228229401496703205376"), ("\\frac{1}{x^2}", "x^{-2}"),
            ("3^{-2}", "\\frac19"), ("\\sqrt{x}", "x^{1/2}"), ("\\sqrt[3]{-8}", "-2"), ("8^{2/3}", "4"),
            ("x**2", "x^2"),
            // Units
            ("10\\text{ units}", "10"), ("5\\text{ cm}^2", "5"), ("10 \\mbox{ inches}", "10"),
            ("5\\,\\mathrm{cm}", "5"),
            ("60\\text{ miles per hour}", "60"), ("5 cm", "5"), ("10 square units", "10"), ("30 min", "30"),
            ("90^\\circ", "90"),
            ("90^{\\circ}", "90"), ("90°", "90"), ("90 \\text{ degrees}", "90"), ("10\\%", "10"), ("10%", "10"),
            ("\\$10", "10"), ("\\$18.90", "18.9"), ("10 \\text{ m/s}", "10"), ("\\frac{3}{2}\\text{ hours}", "1.5"),
            ("\\text{10 units}", "10"), ("20^\\circ C", "20"), ("5\\text{ ft}, 6\\text{ ft}", "5, 6"),
            // Left sides
            ("x=5", "5"), ("x = 5", "x=5.0"), ("f(x)=x^2", "x^2"), ("x \\in [1,2]", "[1,2]"), ("(x,y)=(1,2)", "(1,2)"),
            ("y = 2x+3", "2x+3"), ("\\angle ABC = 60^\\circ", "60"), ("\\text{Area} = 5", "5"), ("x_1 = 5", "5"),
            ("x=1, x=2", "1,2"), ("x=1 \\text{ or } x=2", "1, 2"), ("AB = 5", "5"), ("\\theta = 30", "30"),
            // Thousands, lists, tuples
            ("1,234", "1234"), ("1{,}234", "1234"), ("1,\\!234,\\!567", "1234567"), ("1\\,234", "1234"),
            ("12,345.5", "12345.5"),
            ("1, 2", "1,2"), ("1, 2, \\text{ and } 3", "1,2,3"), ("(1, 2)", "\\left(1,2\\right)"), ("1 or 2", "1,2"),
            ("10,100,1000", "10, 100, 1000"), ("(\\sqrt{12}, 1)", "(2\\sqrt{3}, 1.0)"),
            ("(0.5, .25)", "(\\frac12, \\frac14)"),
            // Sets, intervals, unions
            ("\\{1,2\\}", "\\{2,1\\}"), ("\\left\\{1, 2\\right\\}", "\\{1,2\\}"),
            ("\\{\\sqrt{12},1\\}", "\\{1,2\\sqrt3\\}"),
            ("\\{1,1,2\\}", "\\{1,2\\}"), ("\\emptyset", "\\varnothing"), ("\\{\\}", "\\emptyset"),
            ("[0,\\infty)", "[0, ∞)"),
            ("(-\\infty,3]", "\\left(-\\infty, 3\\right]"), ("(1,2]\\cup[3,4)", "[3,4) ∪ (1,2]"),
            ("[\\frac12,1)", "[0.5,1)"),
            ("(-\\infty,0)\\cup(0,+\\infty)", "(-\\infty,0)\\cup(0,\\infty)"), ("\\lbrack 1,2\\rbrack", "[1,2]"),
            // Matrices
            ("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"),
            ("\\begin{pmatrix} 1/2 \\\\ 3 \\end{pmatrix}", "\\begin{bmatrix} \\frac12 \\\\ 3 \\end{bmatrix}"),
            ("\\left(\\begin{array}{cc}1&2\\\\3&4\\end{array}\\right)", "\\begin{pmatrix}1&2\\\\3&4\\\\\\end{pmatrix}"),
            // Signs, relations
            ("-\\frac12", "\\frac{-1}{2}"), ("-\\frac{1}{2}", "\\frac{1}{-2}"), ("1 \\pm \\sqrt{2}", "1±\\sqrt2"),
            ("x \\le 3", "x \\leq 3"), ("x \\geq 3", "3 \\le x"), ("x>3", "3<x"), ("x \\ne 3", "x\\neq3"),
            ("x <= 3", "x ≤ 3"),
            ("1 < x < 2", "2 > x > 1"), ("2x+y=3", "3=y+2x"), ("--5", "5"), ("\u{2212}5", "-5"),
            // Products and sums
            ("2\\cdot 3", "6"), ("2\\times3", "6"), ("ab", "ba"), ("a+b", "b+a"), ("3i+4", "4+3i"),
            ("x \\cdot y", "xy"),
            ("\\frac{x}{2}", "\\frac12 x"), ("\\frac{x+1}{2}", "\\frac{1}{2}(x+1)"), ("\\frac34i", "\\frac{3}{4}i"),
            ("1x", "x"), ("x+0", "x"), ("-x+y", "y-x"), ("x-y", "-y+x"), ("\\frac{1}{2x}", "\\frac12\\cdot\\frac1x"),
            ("2\\sqrt{3}x", "x\\sqrt{12}"), ("x+\\sqrt{12}", "2\\sqrt{3}+x"), ("6/3", "2"), ("2(x+1)", "2[x+1]"),
            ("{n \\choose k}", "\\binom{n}{k}"),
            // Mixed numbers and decimals
            ("1\\frac{1}{2}", "1.5"), ("-1\\frac12", "-1.5"), ("1 1/2", "\\frac32"), ("0.5", ".5"), ("\\frac12", ".50"),
            ("0.\\overline{3}", "\\frac13"), ("0.1\\overline{6}", "1/6"), ("2\\cdot\\frac12", "1"), ("1e", "e"),
            // Values
            ("5!", "120"), ("\\binom{5}{2}", "10"), ("|-5|", "5"), ("\\lfloor 3.7 \\rfloor", "3"),
            ("\\lceil -3.2 \\rceil", "-3"),
            ("\\log_2 8", "3"), ("\\ln e", "1"), ("\\sin 30^\\circ", "0.5"), ("\\cos \\pi", "-1"),
            ("\\tan^{-1} 1", "\\pi/4"),
            ("\\frac{\\pi}{3}", "\\pi/3"), ("\\frac{1+\\sqrt{5}}{2}", "\\frac12+\\frac{\\sqrt5}{2}"), ("e^2", "e^{2}"),
            // Words and letters
            ("\\text{even}", "even"), ("\\text{Even}", "\\text{even}"), ("\\text{(B)}", "B"), ("(B)", "\\textbf{(B)}"),
            ("\\text{B}", "B"), ("\\mathrm{(B)}", "\\text{B}"), ("\\text{Tuesday}", "Tuesday."), ("\\text{no}", "no"),
            ("\\text{ellipse} ", "\\textit{ellipse}"), ("\\text{blue and red}", "blue and red"), ("\\mathrm{e}", "e"),
            // Bases and the rest
            ("1010_2", "1010_{2}"), ("x_1", "x_{1}"), ("\\mathbb{R}", "\\mathbb R"),
            ("\\overline{AB}", "\\overline{AB}"),
            ("\\mathbf{v}", "v"), ("\\%", "%"),
        ])
    func equal(a: String, b: String) {
        #expect(LatexAnswer(a) == LatexAnswer(b))
        #expect(LatexAnswer(b) == LatexAnswer(a))
    }

    @Test(
        "differ where they say something else",
        arguments: [
            ("1/2", "1/3"), ("\\frac13", "0.333"), ("\\frac13", "0.3333333333"), ("10", "100"), ("10_2", "10"),
            ("10_2", "10_3"),
            ("1010_2", "1010"), ("1,234", "1, 234"), ("(1,234)", "1234"), ("1,2", "12"), ("1, 2", "2, 1"),
            ("(1,2)", "(2,1)"),
            ("1,2", "(1,2)"), ("1,2", "\\{1,2\\}"), ("\\{1,2\\}", "\\{1,2,3\\}"), ("\\{1,1\\}", "\\{1,2\\}"),
            ("[1,2]", "(1,2)"),
            ("[1,2)", "(1,2]"), ("(1,2)\\cup(3,4)", "(1,2)\\cap(3,4)"), ("(1,2)\\cup(3,4)", "(1,2)"),
            ("\\infty", "-\\infty"),
            ("x^2+2x+1", "(x+1)^2"), ("x", "5"), ("2x", "2"), ("x+x", "2x"), ("x-x", "0"), ("x/x", "1"), ("0x", "0"),
            ("x^0", "1"),
            ("-(x-1)", "1-x"), ("2(x+1)", "2x+2"), ("x^2", "x^3"), ("x^2", "2x"), ("\\sqrt{2}", "1.414"),
            ("\\sqrt{2}", "2"),
            ("\\pi", "3.14"), ("\\pi", "\\frac{22}{7}"), ("50\\%", "0.5"), ("5", "-5"), ("\\pm 5", "5"),
            ("1\\pm2", "1\\mp2"),
            ("x<3", "x\\le3"), ("x<3", "x>3"), ("x<3", "3"), ("x=3", "4"),
            ("5x - 7y + 11z + 4 = 0", "x + y - z + 2 = 0"),
            ("xy=5", "5"), ("x+y=5", "5"), ("1\\frac12", "\\frac12"), ("1\\frac12", "\\frac{11}{2}"), ("1 1/2", "11/2"),
            ("2^{10}", "2^{11}"), ("2^{100}", "1267650600228229401496703205377"), ("x_1", "x_2"), ("x_1", "x"),
            ("i", "1"),
            ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}"),
            ("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"), ("1\\\\2", "12"),
            ("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"),
            ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)"), ("\\text{even}", "odd"), ("\\text{no}", "on"),
            ("\\text{team}", "meat"), ("evil", "live"), ("A", "B"), ("\\text{(A)}", "B"), ("a", "A"),
            ("\\sin x", "\\cos x"),
            ("\\sin 30", "0.5"), ("\\log 100", "2"), ("\\sin x", "x"), ("5!", "5"), ("|x|", "x"),
            ("\\overline{AB}", "AB"),
            ("1\\text{ hr }30\\text{ min}", "30"), ("1/0", "2/0"), ("0/0", "1"), ("1/0", "1"), ("\\sqrt{-1}", "1"),
            ("12345678901234567890123", "12345678901234567890124"), ("2\\sqrt{2}", "3\\sqrt{2}"),
            ("x\\sqrt2", "x\\sqrt3"),
            ("3:5", "5:3"), ("", "0"), ("", "5"), ("\\frac{a}{b}", "\\frac{b}{a}"), ("a-b", "b-a"), ("x^{12}", "x^1 2"),
            ("2 3", "6"), ("2 3", "5"), ("10\\text{ units}", "100"), ("(1,2),(3,4)", "(3,4),(1,2)"),
            ("\\frac1{10}", "\\frac110"),
            ("1e3", "1000"), ("2^{5000}", "4^{2500}"), ("\\{1,2\\}", "[1,2]"), ("f(x)", "f"),
        ])
    func different(a: String, b: String) {
        #expect(LatexAnswer(a) != LatexAnswer(b))
        #expect(LatexAnswer(b) != LatexAnswer(a))
    }

    @Test(
        "are equal by value where a comparison of strings sees a difference",
        arguments: [
            ("\\frac{2}{4}", "\\frac{1}{2}", "an unreduced fraction has the same value"),
            ("\\sqrt{8}", "2\\sqrt{2}", "both are one number"), ("b+a", "a+b", "addition commutes"),
            ("0.25", "\\frac14", "a decimal is its fraction"), ("10.0", "10", "zeros at the end add nothing"),
            ("1,000", "1000", "commas group thousands"), ("\\text{Even}", "\\text{even}", "capitals of words"),
            ("\\{2,1\\}", "\\{1,2\\}", "sets have no order"), ("30^{\\circ}", "30 \\text{ degrees}", "both are units"),
            ("f(x) = x", "x", "a left side only names the answer"), ("3<x", "x>3", "a relation read backwards"),
        ])
    func beyondStrings(a: String, b: String, reason: Comment) {
        #expect(LatexAnswer(a) == LatexAnswer(b), reason)
    }

    @Test(
        "are the content of the last box",
        arguments: [
            ("so \\boxed{8}", "8"), ("\\boxed{ 8 }.", "8"), ("\\boxed{1} \\boxed{8}", "8"), ("\\fbox{8}", "8"),
            ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"), ("\\boxed {8}", "8"), ("$\\boxed 8$ it is", "8"),
            ("\\boxed8", "8"),
            ("\\boxed{\\boxed{8}}", "8"), ("\\boxed{\\left\\{1,2\\right\\}}", "\\left\\{1,2\\right\\}"),
            ("\\boxed{\\text{a}\\}}", "\\text{a}\\}"), ("\\boxed 8\nThus it is", "8"), ("} \\boxed{8}", "8"),
            ("{\\boxed{8}", "8"), ("#### 7 \\boxed{8} the answer is 9", "8"), ("\\boxed{8", nil), ("8", nil), ("", nil),
            ("\\boxed{8} \\boxed{{9}", nil), ("\\boxed{8\\", nil), ("\\boxed{}", nil), ("\\boxed{ }", nil),
            ("\\boxed", nil),
            ("\\boxedx{8}", nil), ("boxed{8}", nil), ("\\\\boxed{8}", nil),
        ] as [(String, String?)])
    func box(completion: String, text: String?) {
        #expect(LatexAnswer(inCompletion: completion)?.text == text)
    }

    @Test("longer than the limit are compared as text, without white space")
    func long() {
        let terms = String(repeating: "+x", count: LatexAnswer.lengthLimit)
        #expect(LatexAnswer("1\(terms)") == LatexAnswer("1 \(terms) "))
        #expect(LatexAnswer("1\(terms)") != LatexAnswer("2\(terms)"))
        #expect(LatexAnswer("1\(terms)") != LatexAnswer("1.0\(terms)"))
    }
}
