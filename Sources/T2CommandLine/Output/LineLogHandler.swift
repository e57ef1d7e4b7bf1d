import Foundation
import Logging
import T2Core

/// Writes log lines to standard error, without waiting for a reader.
///
/// `2026-01-31T12:00:00+0000 warning t2-coord: unit=run/0/train/1 worker=ann [T2Coordinator] unit failed`
package struct LineLogHandler: LogHandler {
    /// The largest length of a line in Unicode scalars: what a peer says may be long.
    private static let lineLength = 8_000

    private let label: String
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.info

    package init(label: String) { self.label = label }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let data = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(Self.timestamp) \(event.level) \(label):\(data) [\(event.source)] \(event.message)"
        StandardError.write(Self.printable(line) + "\n")
    }

    /// One line without control characters, with which a peer could forge lines or steer the terminal.
    static func printable(_ line: String) -> String {
        let scalars = line.unicodeScalars
        let shown = scalars.prefix(lineLength).map { $0.properties.generalCategory == .control ? "?" : $0 }
        return String(String.UnicodeScalarView(shown)) + (scalars.count > lineLength ? "…" : "")
    }

    private static var timestamp: String {
        var (now, parts) = (time(nil), tm())
        localtime_r(&now, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, "%Y-%m-%dT%H:%M:%S%z", &parts)
            return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
