import Foundation
import Synchronization
import T2Core

/// Judges completions by a program of the user's own, which it trusts: it runs with this user's rights, in no sandbox.
///
/// The program reads one request a line on standard input and answers each with one line on standard output, flushed:
///
///     {"id": "…", "prompt": "…", "response": "…", "record": {…}, "finished": true}
///     {"outcome": "right"}        or "wrong", "no-answer", "missing"
///     {"score": 0.5}              right if above 0, else wrong
///
/// with, if it likes, "extracted" (the answer that it found) and "reason", both texts, and the request's "id". Up to
/// `parallelism` copies of it are started when they are first needed and kept until the verifier goes away, when their
/// input ends. Whatever else a copy does, also to print what is no such line, makes that one completion's reward
/// *missing*; a copy that hung, ended or lost its place is ended with its process group, and the next request gets a new
/// one. What it writes to standard error is read and, but for the last line in such a reason, dropped.
package final class ExternalVerifier: Sendable {
    package struct Request: Sendable, Equatable {
        package let id: String
        package let prompt: String
        package let response: String
        /// The problem's own record: the text of a JSON object.
        package let record: String
        /// False if the completion was cut off at the token limit.
        package let finished: Bool

        package init(id: String, prompt: String, response: String, record: String, finished: Bool) {
            self.id = id
            self.prompt = prompt
            self.response = response
            self.record = record
            self.finished = finished
        }
    }

    package struct Result: Sendable, Equatable {
        package let reward: Reward
        /// What the program took for the answer.
        package let extracted: String?
        /// The program's own explanation; that of a missing reward is in the reward.
        package let reason: String?
    }

    private let name: String
    private let timeout: Duration
    private let slots: [ExternalSlot]
    private let free: Mutex<[Int]>
    private let vacancies: DispatchSemaphore

    /// - Parameters:
    ///   - command: the program and its arguments; a name with a slash is relative to `folder`, another is looked for in
    ///     `PATH`.
    ///   - folder: where it runs.
    ///   - timeout: for one request, from sending it.
    ///   - parallelism: copies that may run at once.
    /// - Throws: `InputError` (configuration) if there is no such folder or program. Nothing is started yet.
    package init(command: [String], folder: String, timeout: Duration, parallelism: Int) throws {
        precondition(parallelism > 0, "an external verifier runs at least one program")
        name = command.joined(separator: " ")
        let program = try Self.program(command, folder: folder)
        self.timeout = timeout
        slots = (0..<parallelism).map { _ in ExternalSlot(command: [program] + command.dropFirst(), folder: folder) }
        free = Mutex(Array(0..<parallelism))
        vacancies = DispatchSemaphore(value: parallelism)
    }

    /// One result per request, in their order; blocks the calling thread. Callers may overlap: they share the copies.
    package func judge(_ requests: [Request]) -> [Result] {
        let batch = ExternalBatch(requests)
        let threads = min(slots.count, requests.count)
        for _ in 0..<threads {
            Thread.detachNewThread {
                while let (index, request) = batch.next() { batch.answer(index, self.judge(request)) }
                batch.done.signal()
            }
        }
        for _ in 0..<threads { batch.done.wait() }
        return batch.results
    }

    private func judge(_ request: Request) -> Result {
        vacancies.wait()
        let index = free.withLock { $0.removeLast() }
        defer {
            free.withLock { $0.append(index) }
            vacancies.signal()
        }
        do throws(ExternalProgram.Failure) {
            let reply = try slots[index].answer(to: request, within: timeout)
            guard case .missing(let reason) = reply.reward else {
                return Result(reward: reply.reward, extracted: reply.extracted, reason: reply.reason)
            }
            return Result(reward: .missing(reason: "\(name): \(reason)"), extracted: reply.extracted, reason: nil)
        } catch {
            return Result(reward: .missing(reason: "\(name) \(error.reason)"), extracted: nil, reason: nil)
        }
    }

    /// The path of the program that the command names.
    private static func program(_ command: [String], folder: String) throws -> String {
        let remedy = "Give a command such as [python3, verify.py]; it runs in the task's folder."
        guard let program = command.first, !program.isEmpty else {
            throw InputError("external verifier", "its command is empty", remedy: remedy, exitStatus: .configuration)
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw InputError(
                "external verifier", "\(folder), where '\(program)' is to run, is no folder",
                remedy: "Check the path.", exitStatus: .configuration)
        }
        let path =
            program.contains("/")
            ? URL(filePath: program, relativeTo: URL(filePath: folder, directoryHint: .isDirectory)).path
            : executablePath(of: program, in: ProgramSandbox.systemSearchPath)
        guard let path, access(path, X_OK) == 0 else {
            let place = program.contains("/") ? "in \(folder)" : "in PATH"
            throw InputError(
                "external verifier", "there is no program '\(program)' \(place) that this user may run", remedy: remedy,
                exitStatus: .configuration)
        }
        return path
    }
}

/// Requests that were handed in together, and their results in the same order.
private final class ExternalBatch: Sendable {
    private struct State {
        var taken = 0
        var results: [Int: ExternalVerifier.Result] = [:]
    }

    private let requests: [ExternalVerifier.Request]
    private let state = Mutex(State())
    /// Signalled by each thread when nothing is left to take.
    let done = DispatchSemaphore(value: 0)

    init(_ requests: [ExternalVerifier.Request]) { self.requests = requests }

    func next() -> (Int, ExternalVerifier.Request)? {
        state.withLock { state in
            guard state.taken < requests.count else { return nil }
            defer { state.taken += 1 }
            return (state.taken, requests[state.taken])
        }
    }

    func answer(_ index: Int, _ result: ExternalVerifier.Result) { state.withLock { $0.results[index] = result } }

    /// Every thread has signalled before.
    var results: [ExternalVerifier.Result] {
        state.withLock { state in requests.indices.map { state.results[$0]! } }
    }
}
