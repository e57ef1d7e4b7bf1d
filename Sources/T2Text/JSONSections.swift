import Foundation
import T2Core

/// The members of a JSON object by name, not yet read.
struct JSONSections {
    let bytes: UnsafeRawBufferPointer
    private var ranges: [[UInt8]: Range<Int>] = [:]

    init(_ scanner: inout JSONScanner, of bytes: UnsafeRawBufferPointer) throws {
        self.bytes = bytes
        var ranges: [[UInt8]: Range<Int>] = [:]
        try scanner.members { key, scanner in ranges[key] = try scanner.skipValue() }
        self.ranges = ranges
    }

    /// A scanner at the member's value.
    ///
    /// - Throws: `TokenizerFile.Problem` if there is none.
    func scanner(at name: String) throws -> JSONScanner {
        guard let range = ranges[Array(name.utf8)] else { throw TokenizerFile.Problem.malformed("\(name) is missing") }
        return JSONScanner(bytes, at: range.lowerBound)
    }

    func contains(_ name: String) -> Bool { ranges[Array(name.utf8)] != nil }

    /// The member's value; nil if it is null or absent.
    func decode<Value: Decodable>(_ type: Value?.Type, _ name: String) throws -> Value? {
        guard let range = ranges[Array(name.utf8)] else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes[range]))
        } catch {
            throw TokenizerFile.Problem.malformed("\(name): \(decodingProblem(error))")
        }
    }
}
