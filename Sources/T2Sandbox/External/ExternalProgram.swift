import Foundation

/// A running copy of an external verifier, used by one thread at a time.
///
/// Invariant: after a `ChildFailure` its process group is dead.
struct ExternalProgram: ~Copyable {
    private let process: pid_t
    private let input: Descriptor
    private let output: Descriptor
    private let diagnostics: Descriptor
    /// The end of what the program wrote to standard error.
    private var errorText = Data()
    private var hasClosedDiagnostics = false

    /// The longest line that is read, in bytes.
    static let longestLine = 1 << 20
    private static let keptErrorBytes = 4096
    private static let graceTime = Duration.seconds(5)

    /// - Throws: `ChildFailure` if the program does not start.
    init(command: [String], folder: String) throws(ChildFailure) {
        // Its input is a socket, because a pipe would raise SIGPIPE in this process when the program has ended.
        guard let input = DescriptorPair.sockets(), let output = DescriptorPair.pipe(),
            let diagnostics = DescriptorPair.pipe(),
            let process = ChildProcess.start(
                command, folder: folder,
                descriptors: [input.theirs.number, output.theirs.number, diagnostics.theirs.number])
        else { throw ChildFailure(reason: "cannot be started: \(String(cString: strerror(errno)))") }
        for descriptor in [input.ours.number, output.ours.number, diagnostics.ours.number] {
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
        self.process = process
        self.input = input.ours
        self.output = output.ours
        self.diagnostics = diagnostics.ours
    }

    deinit {
        // The end of its input asks the program to end; it may still have something to write.
        shutdown(input.number, Int32(SHUT_WR))
        let deadline = ContinuousClock.now + Self.graceTime
        var entries = [pollfd(fd: output.number, events: Int16(POLLIN), revents: 0)]
        while ChildProcess.wait(for: &entries, until: deadline), Self.read(output)?.isEmpty == false {}
        kill(-process, SIGKILL)
        ChildProcess.reap(process)
    }

    /// Sends one line and waits for one, while reading standard output and standard error.
    ///
    /// - Throws: `ChildFailure` if no line comes in time, or if it may be the answer to another request. The program must
    ///   then be dropped.
    mutating func answer(to request: Data, within timeout: Duration) throws(ChildFailure) -> Data {
        let deadline = ContinuousClock.now + timeout
        var unsent = (request + [UInt8(ascii: "\n")])[...]
        var line = Data()
        while true {
            var entries = [
                pollfd(fd: output.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: hasClosedDiagnostics ? -1 : diagnostics.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: unsent.isEmpty ? -1 : input.number, events: Int16(POLLOUT), revents: 0),
            ]
            guard ChildProcess.wait(for: &entries, until: deadline) else {
                throw failure("did not answer within \(timeout.text)")
            }
            if entries[1].revents != 0 { readErrors() }
            if entries[2].revents != 0 { send(&unsent) }
            if entries[0].revents != 0, try readLine(into: &line, hasSentAll: unsent.isEmpty) { return line }
        }
    }

    /// True once the line is complete.
    private mutating func readLine(into line: inout Data, hasSentAll: Bool) throws(ChildFailure) -> Bool {
        guard let part = Self.read(output) else { return false }
        if part.isEmpty { throw failure(ending()) }
        line += part
        if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
            guard end == line.index(before: line.endIndex) else {
                throw failure("printed more than one line for one request")
            }
            guard hasSentAll else { throw failure("answered before it had read its request") }
            line.removeLast()
            return true
        }
        if line.count > Self.longestLine {
            throw failure("printed a line of more than \(Self.longestLine) bytes")
        }
        return false
    }

    private mutating func readErrors() {
        guard let part = Self.read(diagnostics) else { return }
        hasClosedDiagnostics = part.isEmpty
        errorText = (errorText + part).suffix(Self.keptErrorBytes)
    }

    private func send(_ unsent: inout Data) {
        let count = unsent.withUnsafeBytes {
            Foundation.send(input.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count > 0 { unsent = unsent.dropFirst(count) }
        // A program that stops reading may still answer; if it has ended, its output tells.
        if count < 0 && errno != EAGAIN && errno != EINTR { unsent = Data() }
    }

    /// Nil if there is nothing to read yet; empty at the end of the stream.
    private static func read(_ descriptor: borrowing Descriptor) -> Data? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = Foundation.read(descriptor.number, &bytes, bytes.count)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return nil }
        return Data(bytes[..<max(0, count)])
    }

    /// How a program that closed its output has ended.
    private func ending() -> String {
        // It may still run with a closed output; if it has ended, the signal does not change its status.
        kill(-process, SIGKILL)
        var ended = siginfo_t()
        guard waitid(P_PID, id_t(process), &ended, WEXITED | WNOWAIT) == 0 else { return "ended without answering" }
        let status = ended._sifields._sigchld.si_status
        if ended.si_code == Int32(CLD_EXITED) { return "ended with status \(status) instead of answering" }
        return status == SIGKILL ? "closed its output or was killed" : "was killed by signal \(status)"
    }

    /// Ends the program; the reason holds the problem and the last line on standard error.
    mutating func failure(_ problem: String) -> ChildFailure {
        kill(-process, SIGKILL)
        readErrors()
        let last = String(decoding: errorText, as: UTF8.self).split(whereSeparator: \.isNewline).last
        return ChildFailure(
            reason: last.map { "\(problem); the last line on its standard error is '\($0.prefix(300))'" } ?? problem)
    }
}
