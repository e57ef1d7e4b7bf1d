import Foundation
import T2Formats
import T2TestSupport
import Testing

@Suite("A mapped file")
struct MappedFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The number of resident bytes of this process's mappings of a file.
    private static func residentBytes(of path: String) throws -> Int {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        var isOurs = false
        var kilobytes = 0
        // String(contentsOfFile:) ends within this file.
        let maps = try #require(try FileHandle(forReadingAtPath: "/proc/self/smaps")?.readToEnd())
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            if line.wholeMatch(of: /[0-9a-f]+-[0-9a-f]+ .*/) != nil { isOurs = line.hasSuffix(path) }
            if isOurs, let match = line.wholeMatch(of: /Rss: +(\d+) kB/) { kilobytes += Int(match.1) ?? 0 }
        }
        return kilobytes << 10
    }

    @Test("is read piece by piece, and holds a few of them in memory")
    func pieces() throws {
        let path = folder.path + "/bytes"
        // The last piece is short, and the file ends within a page.
        let values = (0..<UInt32(5 * MappedFile.pieceBytes / 4 + 77)).map { $0 &* 2_654_435_761 }
        let content = values.withUnsafeBytes { Data($0) }
        try content.write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path: path)
        #expect(file.data == content)
        #expect(try Self.residentBytes(of: path) >= content.count)
        file.release(0..<file.count)
        #expect(try Self.residentBytes(of: path) == 0)

        let range = 1001..<file.count
        var read = Data()
        var largest = 0
        try file.forEachPiece(of: range) { piece in
            read += Data(piece)
            largest = max(largest, try Self.residentBytes(of: path))
        }
        #expect(read == content[range])
        #expect(largest >= MappedFile.pieceBytes && largest <= 2 * MappedFile.pieceBytes)
        #expect(try Self.residentBytes(of: path) <= 1 << 20)
        #expect(file.data == content)
    }
}
