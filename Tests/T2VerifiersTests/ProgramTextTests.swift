import T2Verifiers
import Testing

@Suite("The program in a completion")
struct ProgramTextTests {
    @Test(
        "is what stands in the last Python fence, or the last bare one, or all of it",
        arguments: [
            ("x = 1", "x = 1", false), ("Here:\n```python\nx = 1\n```\nDone.", "x = 1\n", true),
            ("```\nx = 1\n```", "x = 1\n", true), ("```py\nx = 1\n```\n```python\nx = 2\n```", "x = 2\n", true),
            ("```python\nx = 1\n```\nIt prints\n```\n1\n```", "x = 1\n", true),
            ("```bash\nls\n```", "```bash\nls\n```", false), ("```bash\nls\n```\n```\nx = 1\n```", "x = 1\n", true),
            ("```python\nx = 1", "x = 1", false), ("```python\nx = 1\n```\n```python\nx =", "x =", false),
            ("```Python \r\nx = 1\r\n```", "x = 1\r\n", true), ("Like so: ```python\nx = 1\n```", "x = 1\n", true),
            ("  ```python\n  x = 1\n  ```", "  x = 1\n", true), ("```python", "", false),
            ("``` python\nx\n```", "x\n", true),
            ("", "", false), ("```\n```python\nx = 1\n```\n", "x = 1\n", true), ("```python\n```", "", true),
            ("s = '```'\nx = 1", "s = '```'\nx = 1", false),
            ("```py title=\"a.py\"\nx = 1\n```", "x = 1\n", true),
            ("```python {.numberLines}\nx = 1\n```", "x = 1\n", true),
            ("```python title=\"a/long/path/to/some/module/of/ours.py\"\nx = 1\n```\nThat is it.", "x = 1\n", true),
            ("```python\nx = 1\n```\n```python-repl\n>>> x\n```", "x = 1\n", true),
        ])
    func extracts(completion: String, code: String, isClosed: Bool) {
        let text = ProgramText(inCompletion: completion)
        #expect(text.code == code)
        #expect(text.isClosed == isClosed)
    }

    @Test(
        "goes on where the prefix ends if it is indented",
        arguments: [
            ("    return 1", "def f():\n    return 1"), ("\n    return 1", "def f():\n\n    return 1"),
            ("def f():\n    return 1", "def f():\n\ndef f():\n    return 1"), ("", "def f():\n"),
            ("\treturn 1", "def f():\n\treturn 1"),
        ])
    func continues(code: String, source: String) {
        #expect(ProgramText(inCompletion: code).source(after: "def f():\n") == source)
        #expect(ProgramText(inCompletion: code).source(after: "") == code)
    }

    @Test(
        "takes a megabyte of fences",
        arguments: ["`", "```", "```\n", "```python\n", "```python\n```\n", "a", "\n", "\r\n"])
    func long(piece: String) {
        let completion = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        #expect(ProgramText(inCompletion: completion).code.utf8.count <= completion.utf8.count)
        let code = "\n```python\nx = 1\n```\n"
        #expect(ProgramText(inCompletion: completion + code).code.hasSuffix("x = 1\n"))
    }
}
