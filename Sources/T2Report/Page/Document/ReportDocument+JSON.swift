import Foundation
import T2Core
import T2Formats

extension ReportDocument {
    /// The content of the document's file: indented JSON with sorted keys in snake case, and a newline at the end.
    ///
    /// - Throws: `InputError` if the document cannot be shown; see `check`.
    package func json() throws -> String {
        try check()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// Reads the document from its file.
    ///
    /// - Throws: `SystemError` if the file cannot be read; `InputError` if it is not a report or cannot be shown.
    package init(path: String) throws {
        try self.init(json: try MappedFile(path: path).data, path: path)
    }

    /// Reads the document from the content of its file.
    ///
    /// - Parameter path: the name of the content in error messages.
    /// - Throws: `InputError` if the content is not a report or cannot be shown.
    package init(json: Data, path: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            self = try decoder.decode(ReportDocument.self, from: json)
        } catch {
            throw InputError(
                path, "expected a report: \(decodingProblem(error, in: json))", remedy: ReportCheck.remedy)
        }
        try check(path)
    }
}
