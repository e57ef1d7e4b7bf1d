import Foundation
import T2Core

/// One isolated interpreter that runs programs one after another; it belongs to the thread that made it.
///
/// Invariants: the process ends with that thread; after a failure it is dead and runs no further program.
struct SandboxRunner: ~Copyable {
    let process: pid_t
    private let channel: Descriptor
    private let diagnostics: Descriptor
    private let limits: ProgramLimits

    /// The time beyond a program's own limit, because on a busy machine the runner takes a while to kill and reap.
    private static let graceSeconds = 60.0
    private static let longestReply = 1 << 16

    init(command: SandboxCommand, limits: ProgramLimits) throws(ChildFailure) {
        func failure(_ action: String) -> ChildFailure {
            ChildFailure(reason: "cannot \(action): \(String(cString: strerror(errno)))")
        }
        guard let channel = DescriptorPair.sockets(), let diagnostics = DescriptorPair.sockets() else {
            throw failure("make a socket pair")
        }
        let process = ChildProcess.start(
            command.arguments, environment: command.environment,
            descriptors: [channel.theirs.number, nil, diagnostics.theirs.number])
        guard let process else { throw failure("start \(command.arguments[0])") }
        self.process = process
        self.channel = channel.ours
        self.diagnostics = diagnostics.ours
        self.limits = limits
    }

    deinit {
        kill(process, SIGKILL)
        ChildProcess.reap(process)
    }

    /// False once bubblewrap or the interpreter in it has ended, for whatever reason.
    var isAlive: Bool {
        // Either may be gone a moment before the other, which ends with it.
        var ended = siginfo_t()
        let status = waitid(P_PID, id_t(process), &ended, WEXITED | WNOHANG | WNOWAIT)
        var entry = pollfd(fd: channel.number, events: 0, revents: 0)
        return status == 0 && ended.si_signo == 0 && poll(&entry, 1, 0) == 0
    }

    /// Runs a program; blocks until none of its processes is left.
    ///
    /// - Throws: `ChildFailure` if the runner broke; it must then be dropped.
    func run(_ program: Program) throws(ChildFailure) -> ProgramResult {
        let deadline = ContinuousClock.now + .seconds(limits.wallSeconds + Self.graceSeconds)
        try send(program)
        let header = try receive(4, until: deadline)
        let length = header.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.longestReply else { throw ChildFailure(reason: "the runner's reply has \(length) bytes") }
        let body = try? Data(receive(length, until: deadline))
        let reply = body.flatMap { try? JSONDecoder().decode([String: String].self, from: $0, depth: 1) } ?? [:]
        return switch (reply["result"], reply["reason"]) {
        case ("passed", _?): .passed
        case ("failed", let reason?): .failed(reason: reason)
        case ("not-run", let reason?): .notRun(reason: reason)
        default: throw ChildFailure(reason: "the runner's reply cannot be read")
        }
    }

    /// Sends the source and the tests in separate frames, because two processes read them.
    private func send(_ program: Program) throws(ChildFailure) {
        guard let tests = try? JSONEncoder().encode(program.tests) else {
            throw ChildFailure(reason: "the tests cannot be encoded")
        }
        let message = Self.frame(Array(program.source.utf8)) + Self.frame(Array(tests))
        var sent = 0
        while sent < message.count {
            // Unlike a pipe, a socket can be written to without SIGPIPE.
            let count = message[sent...].withUnsafeBytes {
                Foundation.send(channel.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ended() }
            sent += count
        }
    }

    private static func frame(_ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + body
    }

    private func receive(_ count: Int, until deadline: ContinuousClock.Instant) throws(ChildFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            var entries = [pollfd(fd: channel.number, events: Int16(POLLIN), revents: 0)]
            guard ChildProcess.wait(for: &entries, until: deadline) else {
                throw ChildFailure(reason: "the runner does not answer")
            }
            let part = bytes[received...].withUnsafeMutableBytes { recv(channel.number, $0.baseAddress, $0.count, 0) }
            if part < 0 && errno == EINTR { continue }
            guard part > 0 else { throw ended() }
            received += part
        }
        return bytes
    }

    /// The failure of a runner that has ended; the last line of bubblewrap or Python is the reason.
    private func ended() -> ChildFailure {
        var text = [UInt8](repeating: 0, count: 4096)
        let count = max(0, recv(diagnostics.number, &text, text.count, Int32(MSG_DONTWAIT)))
        let lines = String(decoding: text[..<count], as: UTF8.self).split(whereSeparator: \.isNewline)
        return ChildFailure(reason: lines.last.map(String.init) ?? "the sandbox's runner was killed")
    }
}
