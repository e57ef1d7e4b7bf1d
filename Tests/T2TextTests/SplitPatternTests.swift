import Foundation
import Testing

@Suite("Split patterns")
struct SplitPatternTests {
    @Test(
        "A split pattern is refused if a part of it means something else to the tokenizers library",
        arguments: [
            (#"^[ \t]+"#, "^"), ("a$", "$"), (".+", "."), (#"\bx"#, #"\b"#), (#"[\h]"#, #"[\h"#), (#"\w+"#, #"\w"#),
            ("[[:punct:]]", "[["), (#"\p{L}{1,3}+"#, "{1,3}"), ("a{2}?", "{2}"), ("a{,2}", "{"), ("(?i)a", "(?"),
            ("(?m:a)", "(?"), (#"\p{Script=Han}"#, #"\p"#), (#"\p{XDigit}"#, #"\p"#), (#"\R"#, #"\R"#), (#"a\"#, #"\"#),
            ("[a-z--[aeiou]]", "[a-z-"), ("(?:a+)+b", "+"), (#"(\s*|x)*y"#, "*"), ("(?:x+x?|y){2,}", "{"),
        ])
    func splitPatterns(expression: String, part: String) throws {
        let escaped = expression.replacing(#"\"#, with: #"\\"#)
        let error = try #require(
            try TokenizerText.refusal(
                of: TokenizerText.file(
                    preTokenizer: TokenizerText.sequence(TokenizerText.splitting(escaped, behavior: "Isolated")))))
        #expect(
            error.description.contains("'\(part)' in the split pattern '\(expression)' is not supported"), "\(error)")
    }

    @Test(
        "The split patterns of published tokenizers are accepted",
        arguments: [
            #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}|\s+(?!\S)|\s+"#,
            #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+"#,
            #" ?[^(\s|[.,!?…。，、।۔،])]+"#, ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|\s?\p{P}+"##,
            "[一-龥ࠀ-一가-퟿]+",
            #"(?:\p{L}|\p{M})+|[A-Za-z]+(?:-[a-z]+)*"#, #"[\p{L}&&[^\p{Han}]]+"#, #"(?<=a)b|(?<!a)c|(?>d)|(?:e)"#,
        ])
    func publishedPatterns(expression: String) throws {
        let escaped = expression.replacing(#"\"#, with: #"\\"#).replacing("\"", with: #"\""#)
        #expect(
            try TokenizerText.refusal(
                of: TokenizerText.file(
                    preTokenizer: TokenizerText.sequence(TokenizerText.splitting(escaped, behavior: "Isolated"))))
                == nil)
    }

    @Test("Brackets that nest without end are refused")
    func nestedBrackets() throws {
        let expression = String(repeating: "[", count: 300_000)
        let error = try #require(
            try TokenizerText.refusal(
                of: TokenizerText.file(
                    preTokenizer: TokenizerText.sequence(TokenizerText.splitting(expression, behavior: "Isolated")))))
        #expect(error.description.contains("is not supported"))
    }
}
