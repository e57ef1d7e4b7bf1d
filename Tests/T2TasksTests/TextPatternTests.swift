import Testing

@testable import T2Tasks

@Suite("Patterns")
struct TextPatternTests {
    @Test(
        "find the leftmost match",
        arguments: [
            ("b+", "abbbc", "bbb"), ("b+?", "abbbc", "b"), ("a|ab", "ab", "a"), ("(?:a|ab)c", "xabc", "abc"),
            ("^b", "ab", nil), ("^a", "ab", "a"), ("b$", "ab", "b"), ("a$", "ab", nil), ("(?m)^b$", "a\nb\nc", "b"),
            ("a.c", "a\nc abc", "abc"), ("(?s)a.c", "a\nc", "a\nc"), ("(?i)straße", "STRAßE", "STRAßE"),
            ("[a-c]+", "xxbcaz", "bca"), ("[^a-c]+", "abxyc", "xy"), ("[]x]+", "a]x", "]x"), ("[a-]+", "b-a", "-a"),
            (#"\d{2,3}"#, "1 12345", "123"), (#"\d{2}"#, "1 12345", "12"), (#"\d{2,}"#, "1 12345", "12345"),
            (#"\d{2,}?"#, "12345", "12"), ("x{0}y", "xy", "y"), (#"\bcat\b"#, "concat cat", "cat"),
            (#"\Bcat"#, "cat concat", "cat"), (#"\w+\s\S+"#, "  a_1 é!", "a_1 é!"), (#"\$\{a\}"#, "${a}", "${a}"),
            ("a{b", "a{b", "a{b"), ("a{,3}", "a{,3}", "a{,3}"), ("", "abc", ""), ("(a*)*b", "aab", "aab"),
            ("(a|b|c|)+d", "abcd", "abcd"), (#"\Aa\z"#, "a", "a"), (#"\Aa\z"#, "a\n", nil),
            ("(a?){3}a{3}", "aaa", "aaa"),
            (#"[\d.]+"#, "v1.25", "1.25"), ("(?:)", "", ""), ("é", "e\u{0301}é", "é"), ("x*", "aaa", ""),
            ("(?:ab)+?c", "ababc", "ababc"), (".*b", "abab c", "abab"), (".*?b", "abab c", "ab"),
        ] as [(String, String, String?)])
    func finds(pattern: String, text: String, match: String?) throws {
        #expect(
            try TextPattern(pattern).firstMatch(in: text).map { Array($0.unicodeScalars) }
                == match.map { Array($0.unicodeScalars) })
    }

    @Test(
        "what is no pattern is refused with the reason",
        arguments: [
            ("(", "a group is not closed"), (")", "a ) closes no group"), ("[a", "a [ is not closed"),
            ("*a", "nothing stands before *"), ("a|*", "nothing stands before *"), ("a{3,1}", "ends before it starts"),
            ("[z-a]", "ends before it starts"), (#"\"#, "a backslash stands at the end"), (#"\1"#, "\\1 is not known"),
            ("(?=a)", "only the flags"), ("a(?=a)", "only groups ( ) and (?: ) are known"),
            ("(?<n>a)", "only the flags"),
            ("(?i", "the flags are not closed"), ("((a{99}){99}){99}", "it is too long"), ("[", "a [ is not closed"),
            (String(repeating: "(", count: 200), "nested more than 100 deep"),
        ])
    func refuses(pattern: String, reason: String) {
        let flaw = #expect(throws: RecordFlaw.self) { try TextPattern(pattern) }
        #expect(flaw?.description.contains(reason) == true, "\(flaw?.description ?? "")")
    }

    @Test(
        "patterns that make a backtracking search run for ever end",
        arguments: [
            "(a+)+$", "(a|a)*b", "(a|aa)+b", "(.*)*x", "([a-z]+)*y", "(?:a?){40}a{40}b", "(((a*)*)*)*c", ".*.*.*=.*",
        ])
    func catastrophic(pattern: String) throws {
        let text = String(repeating: "a", count: 1 << 12) + "!"
        #expect(try TextPattern(pattern).firstMatch(in: text) == nil)
    }
}
