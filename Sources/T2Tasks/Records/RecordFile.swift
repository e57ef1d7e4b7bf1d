import Foundation
import T2Core

/// The text of one record in a file.
package struct RecordText {
    /// The file and line; for a JSON array, the file and the index from 0.
    package let location: String
    /// The index among the records of the file, from 0.
    let index: Int
    /// JSON, unless the record is malformed.
    package let content: Data
    /// True if nothing marks the end of the record: if it does not parse, the file was probably cut short.
    let isLast: Bool
}

/// A file of records: JSON Lines or one JSON array, gzip or not, which the content decides and not the file's name.
package enum RecordFile {
    /// The records; lines of white space are skipped.
    ///
    /// - Parameter purpose: the purpose of opening the file, for messages.
    /// - Throws: `SystemError` or `InputError` if the file cannot be read or unpacked.
    package static func records(of path: String, purpose: String) throws -> [RecordText] {
        var content = try CompressedFile.content(of: path, purpose: purpose)
        if content.starts(with: byteOrderMark) { content = content.dropFirst(byteOrderMark.count) }
        let isArray = content.first { !JSONArrayText.whiteSpace.contains($0) } == UInt8(ascii: "[")
        if isArray, let array = JSONArrayText(content) { return try elements(array, path) }
        return lines(content, path)
    }

    private static func lines(_ content: Data, _ path: String) -> [RecordText] {
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let records = lines.enumerated().filter { !$0.element.allSatisfy(JSONArrayText.whiteSpace.contains) }
        return records.enumerated().map { index, line in
            RecordText(
                location: "\(path):\(line.offset + 1)", index: index, content: line.element,
                isLast: line.offset == lines.count - 1)
        }
    }

    private static func elements(_ array: JSONArrayText, _ path: String) throws -> [RecordText] {
        if let rest = array.rest {
            throw InputError(
                path, "the array has ended before byte \(rest), where more text follows",
                remedy: "Fetch or make the file again.")
        }
        return array.elements.enumerated().map { index, element in
            RecordText(
                location: "\(path)[\(index)]", index: index, content: element,
                isLast: !array.isClosed && index == array.elements.count - 1)
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
}
