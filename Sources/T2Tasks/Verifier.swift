import Foundation
import Synchronization
import T2Core
import T2Sandbox
import T2Verifiers

/// Turns completions into rewards.
///
/// An answer counts even if the token limit cut off the completion after it. A reward that cannot be computed is
/// missing, never −1.
///
/// Invariant: there is at most one sandbox, which is opened for the first program; tasks without programs need none.
package final class Verifier: Sendable {
    private let parallelism: Int
    private let sandbox = Mutex<ProgramSandbox?>(nil)
    private let isolation: ProgramIsolation
    /// The external verifiers by the name of their task.
    private let commands: [String: ExternalVerifier]

    /// - Parameters:
    ///   - parallelism: the number of programs, and of copies of a command, that may run at once.
    ///   - tasks: the tasks whose external commands may be run here; other tasks may be left out.
    ///   - isolation: the isolation of model-written programs from this machine.
    /// - Throws: `InputError` (configuration) if a task's command cannot be found.
    package convenience init(
        parallelism: Int, tasks: [TrainingTask], isolation: ProgramIsolation = .bubblewrap
    ) throws {
        var commands: [String: ExternalVerifier] = [:]
        for task in tasks { commands[task.name] = try task.own?.externalVerifier(parallelism: parallelism) }
        self.init(parallelism: parallelism, isolation: isolation, commands: commands)
    }

    /// - Parameter commands: the external verifiers by the name of their task.
    package init(
        parallelism: Int, isolation: ProgramIsolation = .bubblewrap, commands: [String: ExternalVerifier] = [:]
    ) {
        precondition(parallelism > 0, "a verifier runs at least one program at a time")
        self.parallelism = parallelism
        self.isolation = isolation
        self.commands = commands
    }

    /// Opens the sandbox unless it is open, to check that programs can be run before the first one has to be.
    ///
    /// - Throws: `SandboxError` with the remedy.
    @discardableResult
    package func requireSandbox() throws -> ProgramSandbox {
        try sandbox.withLock { sandbox in
            if let sandbox { return sandbox }
            let opened = try ProgramSandbox(parallelism: parallelism, isolation: isolation)
            sandbox = opened
            return opened
        }
    }

    /// One reward per submission, in the same order; blocks the calling thread while programs run.
    package func judge(_ submissions: [Submission]) -> [Reward] { examine(submissions).map(\.reward) }

    /// One examination per submission, in the same order; blocks the calling thread while programs run.
    package func examine(_ submissions: [Submission]) -> [Examination] {
        var examinations = submissions.map(AnswerExamination.examine)
        var programs: [(index: Int, program: Program)] = []
        var commands: [String: [(index: Int, request: ExternalVerifier.Request)]] = [:]
        for (index, submission) in submissions.enumerated() {
            switch submission.problem.verification {
            case .program(let prefix, let tests):
                let text = ProgramText(inCompletion: submission.completion)
                examinations[index] = Self.refusal(text, submission)
                if examinations[index] == nil {
                    programs.append((index, Program(source: text.source(after: prefix), tests: tests)))
                }
            case .external(let task, let record):
                let request = ExternalVerifier.Request(
                    // The problem's id would not do, because a problem may occur more than once in a batch.
                    id: "\(index)", prompt: submission.problem.prompt, response: submission.completion, record: record,
                    finished: submission.finished)
                commands[task, default: []].append((index, request))
            default: break
            }
        }
        for (entry, examination) in zip(programs, run(programs.map(\.program))) {
            examinations[entry.index] = examination
        }
        for (task, entries) in commands {
            for (entry, examination) in zip(entries, run(task, entries.map(\.request))) {
                examinations[entry.index] = examination
            }
        }
        return examinations.map { $0 ?? .missing("the verifier gave no answer") }
    }

    /// The judgement of a program that need not be run; nil if it is run.
    private static func refusal(_ text: ProgramText, _ submission: Submission) -> Examination? {
        if !submission.finished && !text.isClosed {
            return .judged(.cutOff, text.isEmpty ? nil : text.code, reason: "the token limit ended the program")
        }
        return text.isEmpty ? .nothing(submission, sought: "program") : nil
    }

    private func run(_ programs: [Program]) -> [Examination] {
        guard !programs.isEmpty else { return [] }
        do {
            return try zip(programs, requireSandbox().run(programs)).map { program, result in
                switch result {
                case .passed: .right(program.source)
                case .failed(let reason): .judged(.wrong, program.source, reason: reason)
                case .notRun(let reason): .missing(reason, extracted: program.source)
                }
            }
        } catch {
            return programs.map { .missing("\(error)", extracted: $0.source) }
        }
    }

    private func run(_ task: String, _ requests: [ExternalVerifier.Request]) -> [Examination] {
        guard let command = commands[task] else {
            let reason =
                "task '\(task)' is judged by its own command, which this program cannot run without the task's folder: "
                + "pass --task-folder DIR"
            return requests.map { _ in .missing(reason) }
        }
        return zip(requests, command.judge(requests)).map { request, result in
            switch result.reward {
            case .missing(let reason): return .missing(reason, extracted: result.extracted)
            case .unjudged: return .missing("the task's command judged nothing")
            case .judged(.noAnswer) where !request.finished:
                return .judged(.cutOff, reason: result.reason ?? "the token limit came before any answer")
            case .judged(let outcome):
                return .judged(
                    outcome, result.extracted,
                    reason: result.reason ?? "the task's command answered \(outcome.rawValue)")
            }
        }
    }
}
