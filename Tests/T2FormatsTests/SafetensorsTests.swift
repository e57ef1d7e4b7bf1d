import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("safetensors files")
struct SafetensorsTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/file.safetensors" }

    init() throws { folder = try TemporaryFolder() }

    private func write(header: String, data: [UInt8], declared: UInt64? = nil) throws {
        var bytes = withUnsafeBytes(of: (declared ?? UInt64(header.utf8.count)).littleEndian) { Array($0) }
        bytes += Array(header.utf8) + data
        try AtomicFile.write(Data(bytes), to: path)
    }

    @Test("what is written is read back bit for bit, and the same content gives the same bytes")
    func roundTrip() throws {
        let tensors = [
            SafetensorsWriter.Tensor(name: "b", shape: [2, 2], values: [1, -0.0, .leastNonzeroMagnitude, 3.25]),
            SafetensorsWriter.Tensor(name: "a", shape: [0], values: []),
        ]
        try SafetensorsWriter.write(tensors, metadata: ["format": "x", "quote": "\"ü\""], to: path)
        let first = try Data(contentsOf: URL(fileURLWithPath: path))
        let file = try SafetensorsFile(path: path)
        #expect(try file.floats(of: "b", shape: [2, 2]).map(\.bitPattern) == tensors[0].values.map(\.bitPattern))
        #expect(try file.floats(of: "a") == [])
        #expect(file.metadata == ["format": "x", "quote": "\"ü\""])
        try SafetensorsWriter.write(tensors, metadata: ["quote": "\"ü\"", "format": "x"], to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    }

    @Test(
        "a damaged file is refused with its own reason",
        arguments: [
            ("{", "header cannot be read"), ("[]", "header cannot be read"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "needs 8"),
            (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "impossible shape"),
            (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, "impossible shape"),
            (#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, "F99"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "byte range"),
            (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "truncated"),
            (
                #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#,
                "truncated"
            ),
            (#"{"a":{"dtype":"F32","shape":[1]}}"#, "data_offsets is missing"),
        ])
    func damaged(header: String, reason: String) throws {
        try write(header: header, data: [0, 0, 0, 0])
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        #expect(error?.description.contains(reason) == true)
        #expect(error?.description.contains(path) == true)
        #expect(error?.exitStatus == .data)
    }

    @Test(
        "elements of every type of the format are known, by their number of bits",
        arguments: [
            ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8),
            ("F8_E4M3", 8),
            ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16),
            ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
        ])
    func elements(type: String, bits: Int) throws {
        func header(_ count: Int) -> String {
            #"{"a":{"dtype":"\#(type)","shape":[\#(count)],"data_offsets":[0,\#(bits)]}}"#
        }
        try write(header: header(8), data: [UInt8](repeating: 0, count: bits))
        let tensor = try #require(try SafetensorsFile(path: path).tensors["a"])
        #expect(tensor.element.rawValue == type && tensor.count == 8)
        for count in [7, 9] {
            try write(header: header(count), data: [UInt8](repeating: 0, count: bits))
            let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
            #expect(error?.description.contains("its shape [\(count)] needs") == true)
        }
    }

    @Test(
        "a header longer than the file, or absurdly long, is refused without being read",
        arguments: [(100, "expected 108 bytes, found 10"), (UInt64.max, "claims 18446744073709551615 bytes")])
    func headerLength(declared: UInt64, problem: String) throws {
        try write(header: "{}", data: [], declared: declared)
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        #expect(error?.description.contains(problem) == true)
    }

    @Test("an absent file is a system error with status 66")
    func absent() {
        let error = #expect(throws: SystemError.self) { try SafetensorsFile(path: "/nowhere/x.safetensors") }
        #expect(error?.exitStatus == .noInput)
    }

    @Test("a failed write leaves the old file and no temporary one")
    func failedWrite() throws {
        let kept = try folder.write("kept", to: "taken/file")
        // A folder stands where the file should go, so the rename fails.
        let error = #expect(throws: SystemError.self) { try AtomicFile.write("new", to: folder.path + "/taken") }
        #expect(error?.path == folder.path + "/taken")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken"])
        #expect(try String(contentsOfFile: kept, encoding: .utf8) == "kept")
    }
}
