import Foundation
import Synchronization
import T2Core
import T2Transport

/// The signs of life of a worker, in a small file that outlasts even kill -9: the next worker on this machine that works for
/// the same coordinator reports how this one died, with its memory and its last log lines.
///
/// The process holds a lock on the file, which ends with it, and removes the file when it leaves in order. The file has two
/// digits, the signal that ended the process if it could still note it, and a line of JSON.
package final class WorkerTrace: Sendable {
    struct Record: Codable {
        var worker: String
        var process: Int32
        /// The endpoints of the coordinator.
        var coordinator: String
        var lastSign: Date
        /// The resident memory at the last sign, in bytes.
        var memory: Int
        /// The last lines of the log, oldest first.
        var log: [String]
    }

    private static let interval: DispatchTimeInterval = .seconds(2)
    /// The signals that a process can note: those of a program's own errors.
    private static let fatalSignals = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS]
    /// A trace of another coordinator's worker is kept for this time, in seconds.
    private static let kept: TimeInterval = 86_400
    /// A file that cannot be read may just be being made; after this time, in seconds, it counts as damaged.
    private static let making: TimeInterval = 60
    private static let largest = 64 << 10
    /// The number of workers that are reported at most.
    private static let most = 5

    package static var standardFolder: String { CacheFolder.path + "/workers" }
    /// The beginning of the names of this machine's files: several may share the folder, and not each other's locks.
    private static var host: String {
        ProcessInfo.processInfo.hostName.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined().prefix(100)
            + "-"
    }

    private let path: String
    private let descriptor: Int32
    private let record: Mutex<Record>
    private nonisolated(unsafe) let timer: any DispatchSourceTimer

    /// Begins the trace of this process.
    ///
    /// - Throws: `SystemError` if the file cannot be created.
    package init(_ worker: WorkerIdentifier, coordinator: String, folder: String = standardFolder) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = "\(folder)/\(Self.host)\(UUID().uuidString).trace"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("create", path) }
        flock(descriptor, LOCK_EX)
        record = Mutex(
            Record(
                worker: worker.name, process: getpid(), coordinator: coordinator, lastSign: .now, memory: 0, log: []))
        timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        timer.schedule(deadline: .now(), repeating: Self.interval)
        timer.setEventHandler { [weak self] in self?.note() }
        timer.resume()
        noteFatalSignals(Self.fatalSignals, descriptor)
    }

    /// Removes the file, because the worker leaves in order.
    package func remove() {
        timer.cancel()
        unlink(path)
    }

    /// Notes a sign of life.
    func note(log lines: [String]? = nil) {
        record.withLock { record in
            record.lastSign = .now
            record.memory = MachineResources.residentMemory ?? 0
            if let lines { record.log = lines }
            guard let text = try? CanonicalJSON.text(record), text.utf8.count < Self.largest - 8 else { return }
            // Behind the two digits of the signal. What is left of a longer line before follows the end of this one.
            let line = Array("\n\(text)\n".utf8)
            _ = line.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 2) }
        }
    }

    /// Reports the workers on this machine that died while they worked for a coordinator, and removes their traces.
    package static func deaths(coordinator: String, folder: String = standardFolder) -> [ErrorReport] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var found: [(record: Record, signal: Int32)] = []
        for path in names.filter({ $0.hasPrefix(host) && $0.hasSuffix(".trace") }).map({ "\(folder)/\($0)" }) {
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            let age = Date.now.timeIntervalSince(modificationDate(of: descriptor))
            let parts = file.readData(ofLength: largest).split(separator: UInt8(ascii: "\n"))
            let signal = parts.first.flatMap { Int32(String(decoding: $0.filter { $0 != 0 }, as: UTF8.self)) } ?? 0
            let record = parts.dropFirst().first.flatMap { try? JSONDecoder().decode(Record.self, from: $0) }
            let isOurs = record?.coordinator == coordinator
            if isOurs || age > (record == nil ? making : kept) { unlink(path) }
            if let record, isOurs { found.append((record, signal)) }
        }
        return found.sorted { $0.record.lastSign < $1.record.lastSign }.suffix(most).map(report)
    }

    private static func report(_ record: Record, _ signal: Int32) -> ErrorReport {
        let cause =
            signal > 0
            ? "by signal \(signal) (\(String(cString: strsignal(signal))))"
            : "without a sign, as by kill -9, a limit of the scheduler, or the kernel when memory runs out"
        let memory = String(format: "%.0f MiB", Double(record.memory) / Double(1 << 20))
        return ErrorReport(
            category: .vanished,
            message:
                "worker '\(record.worker)' (process \(record.process)) died on this machine \(cause); its last sign was at "
                + "\(record.lastSign.ISO8601Format()) with \(memory) of memory",
            logLines: record.log)
    }

    private static func modificationDate(of descriptor: Int32) -> Date {
        var status = stat()
        fstat(descriptor, &status)
        return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
    }
}

/// The file of this process's trace, for the handler of fatal signals.
private nonisolated(unsafe) var traceDescriptor: Int32 = -1

/// Makes fatal signals write their number at the beginning of a file before they end the process as ever.
private func noteFatalSignals(_ signals: [Int32], _ descriptor: Int32) {
    traceDescriptor = descriptor
    for number in signals {
        var action = sigaction()
        // Only what is safe in a handler: no allocation, no lock.
        action.__sigaction_handler.sa_handler = { number in
            let digit: Int32 = 48
            var digits = (
                UInt8(truncatingIfNeeded: digit + number / 10), UInt8(truncatingIfNeeded: digit + number % 10)
            )
            pwrite(traceDescriptor, &digits, 2, 0)
            kill(getpid(), number)
        }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(number, &action, nil)
    }
}
