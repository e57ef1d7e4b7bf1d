import Foundation
import Synchronization
import T2Core
import T2CommandLine

/// A `t2-coord start` beside this program, with what the system says about its process.
final class CoordinatorProcess: Sendable {
    /// What a line of its log said, and when.
    struct Line {
        let text: String
        let time: ContinuousClock.Instant
    }

    let runFolder: String
    private let process: Process
    private let collected = Mutex<[Line]>([])
    /// Workers that end with it.
    private let companions = Mutex<[pid_t]>([])

    /// - Parameters:
    ///   - prefix: a command that runs the program, such as `ip netns exec NAME`.
    ///   - environment: variables besides this program's own.
    /// - Throws: errors of starting the process.
    init(_ arguments: [String], folder: String, prefix: [String] = [], environment: [String: String] = [:]) throws {
        runFolder = folder + "/run"
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let program = BundledExample.programFolder + "/t2-coord"
        process.arguments = prefix + [program, "start", "--run-dir", runFolder, "--monitor", "off"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        try pipe.fileHandleForWriting.close()
        let reader = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in read(reader) }
    }

    private func read(_ handle: FileHandle) {
        var rest = Data()
        while case let data = handle.availableData, !data.isEmpty {
            rest.append(data)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Line(text: String(decoding: rest[rest.startIndex..<end], as: UTF8.self), time: .now)
                collected.withLock { $0.append(line) }
                rest = Data(rest[(end + 1)...])
            }
        }
    }

    var isRunning: Bool { process.isRunning }

    /// The first line that contains all of these texts.
    func line(containing texts: String...) -> Line? {
        collected.withLock { lines in lines.first { line in texts.allSatisfy { line.text.contains($0) } } }
    }

    /// The endpoint that it listens on.
    ///
    /// - Throws: `InputError` with its last lines if it ends before.
    func endpoint() throws -> String {
        while true {
            if let line = line(containing: "listening on "),
                let match = line.text.firstMatch(of: /tcp:\/\/[0-9.]+:\d+/)
            {
                return String(match.output)
            }
            guard isRunning else { throw failure() }
            usleep(20_000)
        }
    }

    /// - Throws: `InputError` with its last lines unless it has ended with status 0.
    func requireSuccess() throws {
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else { throw failure() }
    }

    private func failure() -> InputError {
        let last = collected.withLock { $0.suffix(5).map(\.text) }.joined(separator: "\n")
        return InputError("t2-coord", "ended: \(last)", remedy: "See the lines above.", exitStatus: .unavailable)
    }

    /// Ends a worker with this process.
    func adopt(_ worker: Process) { companions.withLock { $0.append(worker.processIdentifier) } }

    /// Ends it at once if it still runs, and the workers that it adopted, which are children of this program until they end.
    func kill() {
        for worker in companions.withLock(\.self) { Foundation.kill(worker, SIGKILL) }
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Seconds of processor time so far; nil once the process has ended.
    var processorSeconds: Double? {
        // The fields after the name, which may hold blanks: user and system time are the 12th and 13th.
        guard let fields = field("stat")?.split(separator: ")").last?.split(separator: " "), fields.count > 12,
            let user = Double(fields[11]), let system = Double(fields[12])
        else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The most bytes of memory that it has had resident; nil once the process has ended.
    var largestResidentBytes: Int? {
        let line = field("status")?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropLast().last.flatMap { Int($0) }.map { $0 << 10 }
    }

    private func field(_ name: String) -> String? {
        try? String(contentsOfFile: "/proc/\(process.processIdentifier)/\(name)", encoding: .utf8)
    }
}
