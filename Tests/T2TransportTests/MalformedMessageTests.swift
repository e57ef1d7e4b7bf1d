import Foundation
import T2Core
import T2Transport
import Testing

@Suite struct MalformedMessageTests {
    let codec = MessageCodec()

    /// Messages that must be refused, and what the error must name.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let frame: Data
        let mention: String
        var testDescription: String { name }

        /// Parts that need not be a message, and a start that need not be the version.
        init(_ name: String, _ parts: [String], version: String = "T2/4", _ mention: String) {
            let frame = MessageCodec.frame(of: parts.map { Data($0.utf8) })
            self.init(name, bytes: Data(version.utf8) + frame.dropFirst(4), mention)
        }

        init(_ name: String, bytes: Data, _ mention: String) {
            self.name = name
            self.frame = bytes
            self.mention = mention
        }

        /// A sample with text of its header replaced, or another payload.
        init(
            _ name: String, _ message: Message, replace: (String, String)? = nil, payload: [Data]? = nil,
            _ mention: String
        ) {
            var parts = (try? MessageCodec().parts(of: message)) ?? []
            if let (old, new) = replace {
                let header = String(decoding: parts[1], as: UTF8.self)
                precondition(header.contains(old), "\(old) is not in \(header)")
                parts[1] = Data(header.replacingOccurrences(of: old, with: new).utf8)
            }
            if let payload { parts = Array(parts[..<2]) + payload }
            self.init(name, bytes: MessageCodec.frame(of: parts), mention)
        }
    }

    static let unit = #""unit":{"index":3,"phase":"train","run":"gsm-mini","step":7}"#
    static let result = Message.result(SampleMessages.result)
    static let blob = Message.blob(
        Blob(digest: SampleMessages.policies[0].digest, policy: SampleMessages.policies[0]))
    static let lease = Message.lease(SampleMessages.lease)
    static let model = Message.model(SampleMessages.model)
    static let chunk = Message.chunk(Chunk(file: Digest(of: "file"), offset: 7, bytes: Data([1, 2, 3])))
    static let report = Message.error(
        ErrorReport(category: .nonFinite, message: "overflow", completions: SampleMessages.result.output.completions))

    /// The lease's, as they travel.
    static let sequences =
        "[" + (0..<16).map { "[\($0 / 8),\($0 % 8),0]" }.joined(separator: ",") + "]"

    static let cases: [Case] = [
        Case("nothing", bytes: Data(), "expected a message of 'T2/4', found ''"),
        Case("another version", ["CREDIT", #"{"count":1}"#], version: "T2/9", "found 'T2/9'"),
        Case("a browser", bytes: Data("GET / HTTP/1.1\r\nHost: x".utf8), "found 'GET / HTTP/1.1'"),
        Case("no parts", [], "expected a message kind of T2/4, found ''"),
        Case("no number of parts", bytes: Data("T2/4".utf8), "it ends before the number of parts"),
        Case("no lengths", bytes: Data("T2/4\u{6}1234".utf8), "it ends within the lengths of its 6 parts"),
        Case("255 parts", bytes: Data("T2/4".utf8) + [255] + Data(count: 4_000), "found 255 parts, the limit is 6"),
        Case(
            "lengths beyond the frame",
            bytes: Data("T2/4\u{2}".utf8) + Data(repeating: 0xff, count: 8) + Data(count: 9),
            "its parts should have 8589934590 bytes, found 9"),
        Case(
            "bytes beyond the parts", bytes: MessageCodec.frame(of: [Data("DRAIN".utf8)]) + [0],
            "its parts should have 5 bytes, found 6"),
        Case("an unknown kind", ["EXEC", "{}"], "found 'EXEC'"),
        Case("no header", ["CREDIT"], "expected 2 parts, found 1"),
        Case("an empty header", ["CREDIT", ""], "CREDIT: its header cannot be read"),
        Case("a header that is not JSON", ["CREDIT", "\u{0}\u{1}"], "CREDIT: its header cannot be read"),
        Case("a header of another type", ["CREDIT", "[1]"], "CREDIT: its header cannot be read"),
        Case("a missing key", ["CREDIT", "{}"], "count is missing"),
        Case("a negative count", ["CREDIT", #"{"count":-1}"#], "count: expected 0 to 65536, found -1"),
        Case("a number beyond Int", ["CREDIT", #"{"count":1e300}"#], "CREDIT: its header cannot be read"),
        Case(
            "deep nesting", ["CREDIT", String(repeating: "[", count: 100_000)],
            "CREDIT: its header cannot be read: arrays and objects are nested more than 32 deep"),
        Case(
            "nesting that ends Foundation's reader", ["HELLO", String(repeating: "[", count: 513)],
            "nested more than 32 deep"),
        Case("a part too many", ["CREDIT", #"{"count":1}"#, "x"], "expected 2 parts, found 3"),
        Case("very many parts", ["RESULT", "{}"] + Array(repeating: "x", count: 50), "limit is 6"),
        Case(
            "a negative step",
            ["CANCEL", #"{\#(unit),"reason":""}"#.replacingOccurrences(of: "7", with: "-7")], "unit.step"),
        Case(
            "a name beyond measure",
            [
                "CANCEL",
                #"{\#(unit),"reason":""}"#.replacingOccurrences(of: "gsm", with: String(repeating: "g", count: 5000)),
            ], "unit.run: expected 0 to 1000 bytes, found 5005"),
        Case(
            "a lease of endless length", lease, replace: (#""lengthSeconds":30"#, #""lengthSeconds":1e30"#),
            "lengthSeconds: expected more than 0 and at most"),
        Case(
            "fewer indices than problems", lease, replace: ("[4,5]", "[4]"),
            "work.problemIndices (count): expected 2, one per problem, found 1"),
        Case(
            "an index that no random stream has", lease, replace: ("[4,5]", "[4,2147483648]"),
            "work.problemIndices: expected 0 to 2147483647, found 2147483648"),
        Case(
            "a sequence of a problem that is not there", lease, replace: ("[1,7,0]", "[2,7,0]"),
            "work.sequences.problem: expected 0 to 1, found 2"),
        Case(
            "a sequence under a policy that is not there", lease, replace: ("[1,7,0]", "[1,7,1]"),
            "work.sequences.policy: expected 0 to 0, found 1"),
        Case(
            "a sequence of a negative policy", lease, replace: ("[1,7,0]", "[1,7,-1]"),
            "work.sequences.policy: expected 0 to 0, found -1"),
        Case(
            "a sample that no random stream has", lease, replace: ("[1,7,0]", "[1,16777216,0]"),
            "work.sequences.sample: expected 0 to 16777215, found 16777216"),
        Case(
            "a sequence of two numbers", lease, replace: ("[1,7,0]", "[1,7]"), "LEASE: its header cannot be read"),
        Case(
            "no sequences", lease, replace: (Self.sequences, "[]"),
            "work.sequences (count): expected 1 to 65536, found 0"),
        Case(
            "sequences beyond the limit", lease,
            replace: (Self.sequences, "[" + String(repeating: "[0,0,0],", count: 65_536) + "[0,0,0]]"),
            "work.sequences (count): expected 1 to 65536, found 65537"),
        Case(
            "no policies", lease, replace: (#""\#(SampleMessages.policies[0].digest)""#, ""),
            "work.policies (count): expected 1 to 4096, found 0"),
        Case(
            "a policy that is no digest", lease, replace: ("\(SampleMessages.policies[0].digest)", "../../etc"),
            "expected 64 hexadecimal characters"),
        Case(
            "an unknown verification", lease, replace: (#""number""#, #""shell""#), "LEASE: its header cannot be read"),
        Case(
            "completions without end", lease, replace: (#""maxTokens":64"#, #""maxTokens":9000000000"#),
            "work.sampling.maxTokens: expected 1 to"),
        Case(
            "a negative temperature", lease, replace: (#""temperature":0."#, #""temperature":-0."#),
            "work.sampling.temperature: expected 0 or more"),
        Case("a result without payload", result, payload: [], "expected 6 parts, found 2"),
        Case(
            "a payload cut short", result,
            payload: [Data(count: 16), Data(count: 15), Data(count: 16), Data(count: 12)],
            "'tokens' should have 16 bytes, found 15"),
        Case(
            "another payload", result,
            payload: [Data(count: 16), Data(count: 16), Data(count: 16), Data(count: 12)],
            "RESULT: the payload should have digest"),
        Case(
            "token counts that disagree with the payload", result, replace: (#""tokenCount":3"#, #""tokenCount":2"#),
            "'tokens' should have shape [3], found [4]"),
        Case("a negative token count", result, replace: (#""tokenCount":3"#, #""tokenCount":-3"#), "tokenCount is -3"),
        Case(
            "an absurd token count", result, replace: (#""tokenCount":3"#, #""tokenCount":9223372036854775807"#),
            "RESULT: tokens: found 9223372036854775807"),
        Case(
            "prompt counts that disagree with the payload", result, replace: (#""promptCount":3"#, #""promptCount":4"#),
            "'prompts' should have shape [5], found [4]"),
        Case(
            "a prompt that is shared with the completion before it and is not", result,
            replace: (#""promptCount":1,"#, ""), "'prompts' should have shape [3], found [4]"),
        Case(
            "a negative prompt count", result, replace: (#""promptCount":3"#, #""promptCount":-3"#),
            "promptCount is -3"),
        Case(
            "an absurd prompt count", result, replace: (#""promptCount":3"#, #""promptCount":9223372036854775807"#),
            "RESULT: tokens: found 9223372036854775807"),
        Case(
            "a policy beyond every lease's", result, replace: (#""policy":0"#, #""policy":4097"#),
            "completions.policy: expected 0 to 4096, found 4097"),
        Case(
            "an absurd gradient", result, replace: (#""shape":[3]"#, #""shape":[9223372036854775807]"#),
            "'gradient' should have"),
        Case("a negative gradient", result, replace: (#""shape":[3]"#, #""shape":[-1]"#), "'gradient' should have"),
        Case("another element type", result, replace: ("I32", "I64"), "should have elements I32, found I64"),
        Case("an unknown element type", result, replace: ("I32", "PICKLE"), "RESULT: its header cannot be read"),
        Case(
            "payloads in another order", result, replace: (#""name":"tokens""#, #""name":"gradient""#),
            "expected 'tokens', found 'gradient'"),
        Case(
            "a reward both judged and missing", result,
            replace: (#""outcome":"right""#, #""missing":"x","outcome":"right""#),
            "completions.2: expected 'outcome' or 'missing', found both"),
        Case(
            "an outcome that there is not", result, replace: (#""outcome":"right""#, #""outcome":"brilliant""#),
            "RESULT: its header cannot be read"),
        Case(
            "a reason to finish that there is not", result,
            replace: (#""finishReason":"stop""#, #""finishReason":"boredom""#), "RESULT: its header cannot be read"),
        Case(
            "an absurd counter", result, replace: (#""promptTokens":0"#, #""promptTokens":9223372036854775807"#),
            "statistics.promptTokens"),
        Case(
            "a report without the payload of its completions", report, payload: [], "ERROR: expected 5 parts, found 2"),
        Case(
            "a report of completions with another payload", report,
            payload: [Data(count: 16), Data(count: 16), Data(count: 16)], "ERROR: the payload should have digest"),
        Case(
            "a payload that no completions need",
            ["ERROR", #"{"category":"engine","message":"y","logLines":[]}"#, "1234", "1234"],
            "ERROR: expected 2 parts, found 4"),
        Case(
            "a report of an unknown category",
            ["ERROR", #"{"category":"mood","message":"y","logLines":[]}"#],
            "ERROR: its header cannot be read"),
        Case(
            "a report of absurd token counts", report,
            replace: (#""tokenCount":3"#, #""tokenCount":9223372036854775807"#), "ERROR: tokens: found 92233"),
        Case(
            "a layout whose sum overflows", blob, replace: (#""count":3"#, #""count":9223372036854775807"#),
            "values of the layout"),
        Case("a negative layout entry", blob, replace: (#""count":3"#, #""count":-3"#), "'a.weight' has -3 values"),
        Case(
            "a layout that disagrees with the payload", blob, replace: (#""count":3"#, #""count":4"#),
            "'values' should have shape [6], found [5]"),
        Case(
            "values of another digest", blob, payload: [.deflated(count: 20)], "BLOB: the payload should have digest"),
        Case(
            "values that are not deflated", blob, payload: [Data(count: 20)],
            "should have 5 values, deflated, found 20 bytes"),
        Case(
            "more values than the layout has", blob, payload: [.deflated(count: 21)], "should have 5 values, deflated"),
        Case(
            "fewer values than the layout has", blob, payload: [.deflated(count: 19)], "should have 5 values, deflated"),
        Case("bytes behind the values", blob, payload: [.deflated(count: 20) + [0]], "should have 5 values, deflated"),
        Case("a bomb", blob, payload: [.deflated(count: 64 << 20)], "should have 5 values, deflated"),
        Case(
            "an SVF expert that poses as LoRA", blob, replace: (#""kind":"svf""#, #""kind":"lora""#),
            "BLOB: the payload should have digest"),
        Case(
            "an expert that poses as the base model", blob, replace: (#""kind":"svf""#, #""kind":"base""#),
            "BLOB: the payload should have digest"),
        Case(
            "a chunk at a negative offset", ["GET_CHUNK", #"{"file":"\#(Digest(of: ""))","offset":-1}"#],
            "offset: expected 0"),
        Case(
            "a chunk of a path", ["GET_CHUNK", #"{"file":"../x","offset":0}"#], "GET_CHUNK: its header cannot be read"),
        Case("a chunk of other bytes", chunk, payload: [Data([1, 2, 4])], "CHUNK: the payload should have digest"),
        Case("a chunk of no bytes", chunk, payload: [], "CHUNK: expected 3 parts, found 2"),
        Case(
            "a chunk of too many bytes", chunk, replace: (Self.digest(of: 3), Self.digest(of: 0)),
            payload: [Data(count: (2 << 20) + 1)], "bytes: expected 0 to 2097152, found 2097153"),
        Case(
            "a file of negative size", model, replace: (#""size":740"#, #""size":-1"#),
            "files.model.size: expected 0 to 1099511627776"),
        Case(
            "a file of endless size", model, replace: (#""size":740"#, #""size":9000000000000000000"#),
            "files.model.size"),
        Case(
            "a decomposition of endless size", model, replace: (#""size":268435456"#, #""size":1099511627777"#),
            "files.decompositions.size"),
        Case("a model at the end of time", model, replace: (#""time":1800000000"#, #""time":1e300"#), "time: expected"),
        Case("a model without files", model, replace: (#""model":[{"#, #""model":[],"x":[{"#), "files.model (count)"),
        Case(
            "a kind of policy that there is not", blob, replace: (#""kind":"svf""#, #""kind":"prefix""#),
            "BLOB: its header cannot be read"),
    ]

    /// The digest of three sample bytes, and of as many zeros as are too many for a chunk.
    private static func digest(of count: Int) -> String {
        let bytes = count == 3 ? Data([1, 2, 3]) : Data(count: (2 << 20) + 1)
        return bytes.withUnsafeBytes { Digest(of: $0) }.hexadecimal
    }

    @Test(
        "a file of the model can have no name of another folder, nor one of the cache's own",
        arguments: ["../x", "..", ".", "", "a/b", "/etc/passwd", "..\\x", ".lock", "x\u{0}", "é", "tokenizer.json "])
    func fileNames(_ name: String) throws {
        var parts = try codec.parts(of: Self.model)
        let text = String(decoding: try JSONEncoder().encode(name), as: UTF8.self)
        parts[1] = Data(
            String(decoding: parts[1], as: UTF8.self).replacingOccurrences(of: #""config.json""#, with: text).utf8)
        let error = #expect(throws: ProtocolError.self) { try codec.decode(MessageCodec.frame(of: parts)) }
        #expect(
            error?.description.contains("files.model.name: expected a name once") == true, "\(error?.description ?? "")"
        )
    }

    @Test("a malformed message is refused with what was expected and found", arguments: cases)
    func refused(_ sample: Case) {
        let error = #expect(throws: ProtocolError.self) { try codec.decode(sample.frame) }
        #expect(error?.description.contains(sample.mention) == true, "\(error?.description ?? "")")
        #expect(error?.exitStatus == .protocolViolation)
    }

    @Test("an error message never repeats a peer's control characters or endless text")
    func printableErrors() throws {
        let text = "\u{1b}[31m" + String(repeating: "x", count: 100_000)
        let frames = [
            Data(text.utf8), MessageCodec.frame(of: [Data(text.utf8)]),
            MessageCodec.frame(of: [Data("GET_BLOB".utf8), Data(#"{"digest":"\#(text)"}"#.utf8)]),
        ]
        for frame in frames {
            let error = #expect(throws: ProtocolError.self) { try codec.decode(frame) }
            let description = try #require(error?.description)
            #expect(description.utf8.count < 500 && !description.contains("\u{1b}"))
        }
    }

    @Test("brackets in a string of the header are no nesting")
    func bracketsInStrings() throws {
        let reason = String(repeating: #"["\"#, count: 300) + "a"
        let message = Message.bye(Bye(reason: reason))
        #expect(try codec.decode(codec.encode(message)) == message)
    }

    @Test("the texts of a peer are printable and short once they are decoded")
    func printableTexts() throws {
        let text = "x\n\u{1b}[31mERROR \u{202e}" + String(repeating: "y", count: 100_000)
        let report = ErrorReport(category: .engine, message: text, logLines: Array(repeating: text, count: 100))
        guard case .error(let read) = try codec.decode(codec.encode(.error(report))) else {
            Issue.record("another kind came back")
            return
        }
        for line in [read.message] + read.logLines {
            #expect(line.hasPrefix("x??[31mERROR ?y") && line.utf8.count <= 4_000)
        }
        #expect(read.logLines.count == 20)
        let parts = try codec.parts(of: .hello(SampleMessages.hello))
        let header = String(decoding: parts[1], as: UTF8.self)
            .replacingOccurrences(of: #""name":"\#(SampleMessages.hello.worker.name)""#, with: #""name":"x\u001b[31m""#)
        #expect(header.contains("001b"))
        let error = #expect(throws: ProtocolError.self) {
            try codec.decode(MessageCodec.frame(of: [parts[0], Data(header.utf8)]))
        }
        #expect(error?.description.contains("worker.name: expected printable characters, found x?[31m") == true)
    }
}
