import T2Verifiers
import Testing

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
            (#"[\d.]+"#, "v1.25", "1.25"), ("(?:)", "", ""), ("é", "e\u{0301}é", "é"),
            (#"\bcafé\b"#, "un café noir", "café"), ("[[a]+", "x[a", "[a"), ("x*", "aaa", ""),
            ("(?:ab)+?c", "ababc", "ababc"), (".*b", "abab c", "abab"), (".*?b", "abab c", "ab"),
        ] as [(String, String, String?)])
    func finds(pattern: String, text: String, match: String?) throws {
        #expect(
            try TextPattern(pattern).firstMatch(in: text).map { Array($0.unicodeScalars) }
                == match.map { Array($0.unicodeScalars) })
    }

    @Test(
        "a text that is not a pattern is refused by name, with the position and the remedy",
        arguments: [
            ("(", "a group is not closed"), (")", "a ) closes no group"), ("[a", "a [ is not closed"),
            ("*a", "nothing comes before *; write \\*"), ("a|*", "nothing comes before *"),
            ("a{3,1}", "ends before it starts"),
            ("[z-a]", "ends before it starts"), (#"\"#, "it ends with a backslash"),
            (#"\1"#, "a reference to a group (\\1) is not supported"),
            ("(?=a)", "lookahead is not supported"), ("a(?!a)", "lookahead is not supported; match the text around"),
            ("(?<=a)b", "lookbehind is not supported"), ("b(?<!a)", "lookbehind is not supported"),
            ("(?<n>a)", "a named group is not supported; write ( )"), ("(?P<n>a)", "a named group is not supported"),
            ("(?>a+)b", "an atomic group is not supported; write (?: )"), ("(?P=n)", "a reference to a group"),
            (#"(a)\g1"#, "a reference to a group (\\g) is not supported"),
            (#"\p{L}"#, "\\p is not supported; write \\w"),
            (#"a\Z"#, "write \\z for the end of the text"),
            (#"\x41"#, "\\x is not supported; put the character itself"),
            ("[[:alpha:]]+", "classes such as [[:alpha:]] are not supported"),
            ("a(?i:b)", "only the groups ( ) and (?: )"),
            ("(?x)a", "only the groups ( ) and (?: ) and, at the start, the flags (?i), (?m) and (?s)"),
            ("(?i", "the flags are not closed"), ("((a{99}){99}){99}", "it is too long"), ("[", "a [ is not closed"),
            (String(repeating: "(", count: 200), "nested more than 100 deep"),
        ])
    func refuses(pattern: String, reason: String) {
        let flaw = #expect(throws: PatternError.self) { try TextPattern(pattern) }
        #expect(flaw?.description.contains(reason) == true, "\(flaw?.description ?? "")")
        #expect(flaw?.description.contains("cannot be used: at character ") == true)
    }

    @Test(
        "patterns that take a backtracking search exponential time end",
        arguments: [
            "(a+)+$", "(a|a)*b", "(a|aa)+b", "(.*)*x", "([a-z]+)*y", "(?:a?){40}a{40}b", "(((a*)*)*)*c", ".*.*.*=.*",
        ])
    func catastrophic(pattern: String) throws {
        let text = String(repeating: "a", count: 1 << 12) + "!"
        #expect(try TextPattern(pattern).firstMatch(in: text) == nil)
    }
}
