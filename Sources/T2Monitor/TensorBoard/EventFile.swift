import Foundation
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs

/// A file of scalars that TensorBoard reads: TFRecord frames of `tensorflow.Event` messages, written without a library.
///
/// Invariant: the file is always a prefix of the events of the run's database, in the order of steps, each of them once. New
/// events are appended by one write; whatever else is in the file, as after a crash or for a run that was rewound, is replaced.
package struct EventFile: Sendable {
    package static let name = "events.out.tfevents.0000000000.t2"

    package let path: String
    /// The bytes that this object knows to be in the file.
    private var written: Int?

    /// - Throws: `SystemError` if the folder cannot be made.
    package init(folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw SystemError("create", folder, code: (error as NSError).posixCode)
        }
        path = "\(folder)/\(Self.name)"
    }

    /// Makes the file hold these bytes, of which those that this object has written are the first.
    package mutating func update(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue
        var kept = written
        if kept == nil || size != kept || bytes.count < kept ?? 0 {
            let old = FileManager.default.contents(atPath: path)
            kept = old.flatMap { !$0.isEmpty && bytes.starts(with: $0) ? $0.count : nil }
        }
        if let kept {
            guard bytes.count > kept else {
                written = kept
                return
            }
            let descriptor = OpenFiles.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard descriptor >= 0 else { throw SystemError("open", path) }
            defer { close(descriptor) }
            written = nil
            try bytes[kept...].withUnsafeBytes { try $0.write(to: descriptor, path: path) }
        } else {
            written = nil
            try AtomicFile.write(Data(bytes), to: path)
        }
        written = bytes.count
    }

    // MARK: - Content

    /// The events of a run; none without an update or an evaluation. The same database gives the same bytes: an event's time is that of the last result it is made from.
    ///
    /// - Parameter times: the last acceptance of each step and phase.
    package static func events(
        _ steps: [StepMetrics], _ evaluations: [EvaluationMetrics], times: [RunStore.RoundPart: Date]
    ) -> [UInt8] {
        func time(_ step: Int, _ phase: Phase) -> Double {
            times[RunStore.RoundPart(step: step, phase: phase)]?.timeIntervalSince1970 ?? 0
        }
        var rows = steps.map { step in
            (
                step: step.step, order: 0, time: time(step.step - 1, .train),
                scalars: LearningMetrics.training.compactMap { metric in
                    metric.value(step).map { ("train/\(metric.name)", $0) }
                }
            )
        }
        rows += evaluations.map { evaluation in
            (
                step: evaluation.step, order: 1, time: time(evaluation.step, .validation),
                scalars: LearningMetrics.validation.compactMap { metric in
                    metric.value(evaluation).map { ("validation/\(metric.name)", $0) }
                }
            )
        }
        rows.sort { ($0.step, $0.order) < ($1.step, $1.order) }
        // The version of the format stands in the first event.
        guard let first = rows.first else { return [] }
        var bytes = record(field(1, double: first.time) + field(3, bytes: Array("brain.Event:2".utf8)))
        for row in rows {
            let summary = row.scalars.flatMap { tag, value in
                field(1, bytes: field(1, bytes: Array(tag.utf8)) + field(2, float: Float(value)))
            }
            bytes += record(field(1, double: row.time) + field(2, varint: UInt64(row.step)) + field(5, bytes: summary))
        }
        return bytes
    }

    /// A TFRecord frame: length, its masked checksum, data, its masked checksum; little-endian.
    private static func record(_ data: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(data.count))
        return length + littleEndian(CRC32C.masked(length)) + data + littleEndian(CRC32C.masked(data))
    }

    // MARK: - Fields of protocol buffers

    private static func field(_ number: UInt8, double: Double) -> [UInt8] {
        [number << 3 | 1] + littleEndian(double.bitPattern)
    }

    private static func field(_ number: UInt8, float: Float) -> [UInt8] {
        [number << 3 | 5] + littleEndian(float.bitPattern)
    }

    private static func field(_ number: UInt8, varint value: UInt64) -> [UInt8] { [number << 3] + varint(value) }

    private static func field(_ number: UInt8, bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (bytes, rest): ([UInt8], UInt64) = ([], value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

extension EventFile {
    /// Writes the events of a run folder, which may be in use.
    ///
    /// - Returns: the path of the file, and the number of updates and evaluations in it.
    package static func export(runFolder: String, to folder: String) throws -> (
        path: String, steps: Int, evaluations: Int
    ) {
        try RunFolder.requireRun(runFolder)
        let store = try RunStore(path: RunFolder.databasePath(in: runFolder), migrates: false)
        let (steps, evaluations) = (try store.steps(), try store.evaluations())
        guard !steps.isEmpty || !evaluations.isEmpty else {
            throw InputError(
                runFolder, "holds no update and no evaluation of training yet",
                remedy: "Wait for the first one; searches and evaluations have no learning curve.",
                exitStatus: .tryAgain)
        }
        var file = try EventFile(folder: "\(folder)/\(RunFolder.name(path: runFolder))")
        try file.update(events(steps, evaluations, times: store.lastAcceptances()))
        try store.close()
        return (file.path, steps.count, evaluations.count)
    }
}

extension NSError {
    /// The code of the system call behind a Foundation error.
    fileprivate var posixCode: Int32 {
        let cause = userInfo[NSUnderlyingErrorKey] as? NSError ?? self
        return cause.domain == NSPOSIXErrorDomain ? Int32(cause.code) : EIO
    }
}
