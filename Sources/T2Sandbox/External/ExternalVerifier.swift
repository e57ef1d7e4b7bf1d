import Foundation
import Synchronization
import T2Core

/// Judges completions by the user's own program, which is trusted: it runs with the user's rights and without a
/// sandbox.
///
/// The program reads one request per line from standard input and answers each with one line on standard output,
/// flushed:
///
///     {"id": "…", "prompt": "…", "response": "…", "record": {…}, "finished": true}
///     {"outcome": "right"}        or "wrong", "no-answer", "missing"
///     {"score": 0.5}              right if above 0, else wrong
///
/// The answer may also hold "extracted" (the answer that was found) and "reason", both texts, and the request's "id".
/// Up to `parallelism` copies of the program are started when they are needed and kept as long as the verifier; then
/// their input ends. Any other behaviour of a copy, including any other line, makes the reward of that completion
/// *missing*. A copy that hangs, ends or gets out of step is killed with its process group, and the next request starts
/// a new one. Standard error is read and dropped, except for its last line, which such a reason quotes.
package final class ExternalVerifier: Sendable {
    package struct Request: Sendable, Encodable {
        package let id: String
        package let prompt: String
        package let response: String
        /// The problem's record as the text of a JSON object.
        package let record: String
        /// False if the completion was cut off at the token limit.
        package let finished: Bool

        /// The record is JSON already.
        private enum CodingKeys: CodingKey {
            case id, prompt, response, finished
        }

        package init(id: String, prompt: String, response: String, record: String, finished: Bool) {
            self.id = id
            self.prompt = prompt
            self.response = response
            self.record = record
            self.finished = finished
        }
    }

    private let name: String
    private let timeout: Duration
    private let parallelism: Int
    private let free: Mutex<[ExternalSlot]>
    /// Counts the slots in `free`.
    private let vacancies: DispatchSemaphore

    /// - Parameters:
    ///   - command: the program and its arguments; a name with a slash is relative to `folder`, other names are looked
    ///     for in `PATH`.
    ///   - folder: the working directory of the program.
    ///   - timeout: the time for one request.
    /// - Throws: `InputError` (configuration) if there is no such folder or program. No copy is started yet.
    package init(command: [String], folder: String, timeout: Duration, parallelism: Int) throws {
        precondition(parallelism > 0, "an external verifier runs at least one program")
        name = command.joined(separator: " ")
        let program = try Self.program(command, folder: folder)
        self.timeout = timeout
        self.parallelism = parallelism
        free = Mutex(
            (0..<parallelism).map { _ in ExternalSlot(command: [program] + command.dropFirst(), folder: folder) })
        vacancies = DispatchSemaphore(value: parallelism)
    }

    /// One reply per request, in the same order; blocks the calling thread. Several callers share the copies.
    package func judge(_ requests: [Request]) -> [ExternalReply] {
        let batch = Batch<ExternalReply>(count: requests.count)
        let remaining = Mutex(requests.enumerated().makeIterator())
        for _ in 0..<min(parallelism, requests.count) {
            Thread.detachNewThread {
                while let (index, request) = remaining.withLock({ $0.next() }) {
                    batch.answer(index, self.judge(request))
                }
            }
        }
        return batch.wait()
    }

    private func judge(_ request: Request) -> ExternalReply {
        vacancies.wait()
        let slot = free.withLock { $0.removeLast() }
        defer {
            free.withLock { $0.append(slot) }
            vacancies.signal()
        }
        do throws(ChildFailure) {
            let reply = try slot.answer(to: request, within: timeout)
            guard case .missing(let reason) = reply.reward else { return reply }
            return ExternalReply(
                reward: .missing(reason: "\(name): \(reason)"), extracted: reply.extracted, reason: nil)
        } catch {
            return ExternalReply(reward: .missing(reason: "\(name) \(error.reason)"), extracted: nil, reason: nil)
        }
    }

    /// The path of the program that the command names.
    private static func program(_ command: [String], folder: String) throws -> String {
        func flaw(
            _ problem: String,
            remedy: String = "Write a command such as [python3, verify.py], which runs in the task's folder."
        ) -> InputError {
            InputError("external verifier", problem, remedy: remedy, exitStatus: .configuration)
        }
        guard let program = command.first, !program.isEmpty else { throw flaw("its command is empty") }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw flaw(
                "\(folder), the working directory of '\(program)', is not a folder", remedy: "Check the path.")
        }
        let path =
            program.contains("/")
            ? URL(filePath: program, relativeTo: URL(filePath: folder, directoryHint: .isDirectory)).path
            : ChildProcess.path(of: program, in: ProgramSandbox.systemSearchPath)
        guard let path, access(path, X_OK) == 0 else {
            let location = program.contains("/") ? "in \(folder)" : "in PATH"
            throw flaw("there is no program '\(program)' \(location) that this user may run")
        }
        return path
    }
}
