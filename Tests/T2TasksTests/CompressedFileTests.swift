import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import Testing

@Suite("Files of records, compressed or not")
struct CompressedFileTests {
    /// What `gzip -n` makes of "hello\n".
    private static let packed = Data(base64Encoded: "H4sIAAAAAAAAA8tIzcnJ5wIAIDA6NgYAAAA=")!

    private func content(_ data: Data, limit: Int = CompressedFile.largestContent) throws -> String {
        let folder = try TemporaryFolder()
        let path = try folder.write(data, to: "records")
        return String(decoding: try CompressedFile.content(of: path, purpose: "open", limit: limit), as: UTF8.self)
    }

    @Test("gzip is unpacked, also of several pieces; anything else is left as it is")
    func unpacks() throws {
        #expect(try content(Self.packed) == "hello\n")
        #expect(try content(Self.packed + Self.packed) == "hello\nhello\n")
        #expect(try content(Data("plain\n".utf8)) == "plain\n")
        #expect(try content(Data()) == "")
    }

    @Test("a stream that is cut, at whatever byte, is an error", arguments: 3..<26)
    func cut(length: Int) {
        // The first bytes alone are no gzip yet.
        #expect(throws: InputError.self) { try content(Self.packed.prefix(length)) }
    }

    @Test("a damaged stream is an error")
    func damaged() throws {
        var damaged = Self.packed
        damaged[damaged.startIndex + 20] ^= 0xFF
        let error = #expect(throws: InputError.self) { try content(damaged) }
        #expect(error?.description.contains("cannot be unpacked: ") == true)
    }

    @Test("content above the limit is refused, at the limit it is not")
    func limit() throws {
        #expect(try content(Self.packed, limit: 6) == "hello\n")
        let error = #expect(throws: InputError.self) { try content(Self.packed, limit: 5) }
        #expect(error?.description.contains("holds more than 5 bytes once unpacked") == true)
    }

    @Test("a folder cannot be read")
    func folder() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: InputError.self) {
            try CompressedFile.content(of: folder.path, purpose: "open")
        }
        #expect(error?.exitStatus == .inputOutput)
    }

    private func elements(_ text: String) -> (elements: [String], isClosed: Bool, rest: Int?)? {
        JSONArrayText(Data(text.utf8)).map { array in
            (array.elements.map { String(decoding: $0, as: UTF8.self) }, array.isClosed, array.rest)
        }
    }

    @Test(
        "an array is cut at its own commas",
        arguments: [
            ("[]", [], true, nil), (" [ ] ", [], true, nil), ("[1,2]", ["1", "2"], true, nil),
            (#"[{"a":[1,2]},"],"]"#, [#"{"a":[1,2]}"#, #""],""#], true, nil),
            (#"["\",", 2]"#, [#""\",""#, " 2"], true, nil), ("[1,", ["1", ""], false, nil),
            (#"[1,{"a":"#, ["1", #"{"a":"#], false, nil), ("[1] x", ["1"], true, 4), ("[1]]", ["1"], true, 3),
            (#"["\"#, [#""\"#], false, nil),
        ] as [(String, [String], Bool, Int?)])
    func array(text: String, expected: [String], isClosed: Bool, rest: Int?) throws {
        let array = try #require(elements(text))
        #expect(array.elements == expected)
        #expect(array.isClosed == isClosed)
        #expect(array.rest == rest)
    }

    @Test("records are lines or elements, and say where they stand")
    func places() throws {
        let folder = try TemporaryFolder()
        let lines = try folder.write("\u{FEFF}{}\n\n{}", to: "lines.json")
        let array = try folder.write("[{},\n{}]", to: "array.jsonl")
        #expect(try RecordFile.records(of: lines, purpose: "open").map(\.location) == ["\(lines):1", "\(lines):3"])
        #expect(try RecordFile.records(of: array, purpose: "open").map(\.location) == ["\(array)[0]", "\(array)[1]"])
        let more = try folder.write("[{}]\n[{}]", to: "more.json")
        #expect(throws: InputError.self) { try RecordFile.records(of: more, purpose: "open") }
    }
}
