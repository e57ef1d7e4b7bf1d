import Foundation
import T2Core

/// The ranges of a JSON object's members, by name. The members themselves are read on demand.
struct JSONSections {
    let bytes: UnsafeRawBufferPointer
    private var ranges: [[UInt8]: Range<Int>] = [:]

    init(_ scanner: inout JSONScanner, of bytes: UnsafeRawBufferPointer) throws {
        self.bytes = bytes
        try scanner.members { key, scanner in ranges[key] = try scanner.skipValue() }
    }

    /// A scanner at the value of a member.
    ///
    /// - Throws: `TokenizerFile.Problem` if there is no such member.
    func scanner(at name: String) throws -> JSONScanner {
        guard let range = ranges[Array(name.utf8)] else { throw TokenizerFile.Problem.malformed("\(name) is missing") }
        return JSONScanner(bytes, at: range.lowerBound)
    }

    func contains(_ name: String) -> Bool { ranges[Array(name.utf8)] != nil }

    /// The value of a member, or nil if it is null or absent.
    ///
    /// - Throws: `TokenizerFile.Problem` if the value is of another type.
    func decode<Value: Decodable>(_ type: Value?.Type, _ name: String) throws -> Value? {
        guard let range = ranges[Array(name.utf8)] else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes[range]))
        } catch {
            throw TokenizerFile.Problem.malformed("\(name): \(decodingProblem(error))")
        }
    }
}
