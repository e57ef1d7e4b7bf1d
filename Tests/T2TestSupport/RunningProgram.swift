import Foundation

/// A program of this package, running as a child process whose output is read line by line.
package final class RunningProgram: Sendable {
    private let process: Process
    private let output: CollectedLines

    package init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        process = Process(program: name, arguments, environment: environment)
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
    /// Everything that the program has printed, for messages of failed expectations.
    package var text: String { lines.joined(separator: "\n") }

    package func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Sends a signal as soon as a line contains `text`, so that a fast program does not get far ahead.
    package func signal(_ number: Int32, atLineContaining text: String) {
        when(text) { [process] _ in kill(process.processIdentifier, number) }
    }

    /// Calls `action` once, with all lines so far, as soon as one contains `text`.
    package func when(_ text: String, _ action: @escaping @Sendable ([String]) -> Void) {
        output.when(text, action)
    }

    /// The first line that contains `text`; nil if the program ends or `seconds` pass without one.
    package func line(containing text: String, seconds: Double = 120) async -> String? {
        await output.wait(seconds: seconds) { lines, _ in lines.first { $0.contains(text) } }
    }

    /// The exit status, or minus the signal that ended it; nil if it still runs after `seconds`.
    package func status(seconds: Double = 240) async -> Int32? {
        guard await output.wait(seconds: seconds, { _, isOver in isOver ? true : nil }) != nil else { return nil }
        return process.waitForStatus()
    }
}

/// Lines from a pipe, and a way to wait for one without blocking a shared thread.
private final class CollectedLines: Sendable {
    private let condition = NSCondition()
    nonisolated(unsafe) private var collected: [String] = []
    nonisolated(unsafe) private var isOver = false
    nonisolated(unsafe) private var actions: [(text: String, run: @Sendable ([String]) -> Void)] = []

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

    func when(_ text: String, _ action: @escaping @Sendable ([String]) -> Void) {
        condition.withLock {
            if collected.contains(where: { $0.contains(text) }) {
                action(collected)
            } else {
                actions.append((text, action))
            }
        }
    }

    private func add(_ line: String) {
        condition.withLock {
            collected.append(line)
            for action in actions where line.contains(action.text) { action.run(collected) }
            actions.removeAll { line.contains($0.text) }
            condition.broadcast()
        }
    }

    /// Waits until `find` returns a value; nil at the deadline, or when the output has ended.
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
