import Foundation

/// Metrics as lines of JSON.
enum MetricsLine {
    static func encode(_ metrics: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(metrics), as: UTF8.self)
    }

    static func decode<Metrics: Decodable>(_ type: Metrics.Type, from line: String) throws -> Metrics {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(line.utf8))
    }
}
