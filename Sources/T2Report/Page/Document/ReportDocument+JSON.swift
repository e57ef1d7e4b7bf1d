import Foundation
import T2Core

extension ReportDocument {
    /// The document as a file: keys sorted and in snake case, indented, with a line end.
    ///
    /// - Throws: `InputError` if it cannot be shown; see `check`.
    package func json() throws -> String {
        try check()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// - Throws: `SystemError` if the file cannot be read; `InputError` if it is no report that can be shown.
    package init(path: String) throws {
        try self.init(json: try MappedFile(path: path).data, path: path)
    }

    /// - Parameter path: what messages call the content.
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
