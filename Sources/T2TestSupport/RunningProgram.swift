import Foundation

/// A built program running as a process of its own; its output is read line by line while it runs.
package final class RunningProgram: Sendable {
    private let process: Process
    private let output: CollectedLines

    /// Starts `name` from the folder that holds the test bundle.
    package init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        process = Process()
        process.executableURL = Self.products.appendingPathComponent(name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        output = CollectedLines(pipe.fileHandleForReading)
        try process.run()
        // Our copy of the writing end would keep the reader waiting after the program is gone.
        try pipe.fileHandleForWriting.close()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    package var lines: [String] { output.lines }
    /// Everything that it printed, for messages of failed expectations.
    package var text: String { lines.joined(separator: "\n") }

    package func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// The first line that contains `text`; nil if the program ends or `seconds` pass without one.
    package func line(containing text: String, seconds: Double = 120) async -> String? {
        await output.wait(seconds: seconds) { lines, _ in lines.first { $0.contains(text) } }
    }

    /// The exit status, or minus the signal that ended it; nil if it still runs after `seconds`.
    package func status(seconds: Double = 240) async -> Int32? {
        guard await output.wait(seconds: seconds, { _, isOver in isOver ? true : nil }) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// The folder of the built programs: that of the test bundle, which is mapped into this process.
    package static let products: URL = {
        let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
        guard let line = maps.split(separator: "\n").first(where: { $0.hasSuffix(".xctest") }),
            let start = line.firstIndex(of: "/")
        else { preconditionFailure("the test bundle is not mapped into the test process") }
        return URL(fileURLWithPath: String(line[start...])).deletingLastPathComponent()
    }()
}

/// Lines from a pipe, and a way to wait for one without blocking a shared thread.
private final class CollectedLines: Sendable {
    private let condition = NSCondition()
    nonisolated(unsafe) private var collected: [String] = []
    nonisolated(unsafe) private var isOver = false

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            var rest = Data()
            while true {
                let data = handle.availableData
                guard !data.isEmpty else { break }
                rest.append(data)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    add(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            if !rest.isEmpty { add(String(decoding: rest, as: UTF8.self)) }
            condition.withLock {
                isOver = true
                condition.broadcast()
            }
        }
    }

    var lines: [String] { condition.withLock { collected } }

    private func add(_ line: String) {
        condition.withLock {
            collected.append(line)
            condition.broadcast()
        }
    }

    /// What `find` returns once it returns something; nil at the deadline, or when nothing more can come.
    func wait<Found: Sendable>(seconds: Double, _ find: @escaping @Sendable ([String], Bool) -> Found?) async -> Found?
    {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                let deadline = Date(timeIntervalSinceNow: seconds)
                condition.lock()
                var found = find(collected, isOver)
                while found == nil, !isOver, condition.wait(until: deadline) { found = find(collected, isOver) }
                condition.unlock()
                continuation.resume(returning: found)
            }
        }
    }
}
