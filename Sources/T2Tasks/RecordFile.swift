import Foundation
import T2Core

/// One record as it stands in its file.
struct RecordText {
    /// File and line; in a JSON array, file and index from 0.
    let place: String
    /// Place in the file among its records, from 0.
    let index: Int
    /// JSON, if the record is in order.
    let content: Data
    /// Nothing that ends a record stands behind it: if it does not parse, the file was most likely cut.
    let isLast: Bool
}

/// A file of records: JSON Lines or one JSON array, gzip or not. The content tells which, not the file's name.
struct RecordFile {
    let path: String
    /// What messages call the act of opening it.
    let purpose: String

    /// Lines of white space are no records.
    ///
    /// - Throws: `SystemError` or `InputError` if the file cannot be read or unpacked.
    func records() throws -> [RecordText] {
        var content = try CompressedFile(path: path, purpose: purpose).content()
        if content.starts(with: Self.byteOrderMark) { content = content.dropFirst(Self.byteOrderMark.count) }
        let isArray = content.first { !JSONArrayText.whiteSpace.contains($0) } == UInt8(ascii: "[")
        if isArray, let array = JSONArrayText(content) { return try elements(array) }
        return lines(content)
    }

    private func lines(_ content: Data) -> [RecordText] {
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var records: [RecordText] = []
        for (number, line) in lines.enumerated()
        where !line.allSatisfy({ JSONArrayText.whiteSpace.contains($0) }) {
            records.append(
                RecordText(
                    place: "\(path):\(number + 1)", index: records.count, content: line,
                    isLast: number == lines.count - 1))
        }
        return records
    }

    private func elements(_ array: JSONArrayText) throws -> [RecordText] {
        if let rest = array.rest {
            throw InputError(
                path, "the array ends at byte \(rest), and more stands behind it",
                remedy: "Fetch or make the file again.")
        }
        return array.elements.enumerated().map { index, element in
            RecordText(
                place: "\(path)[\(index)]", index: index, content: element,
                isLast: !array.isClosed && index == array.elements.count - 1)
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
}
