import Foundation
import Synchronization
import T2Core

/// A completion and the problem it answers.
package struct Submission: Sendable {
    package let problem: Problem
    /// The completion's text, without the end-of-sequence token.
    package let completion: String
    /// False if it was cut off at the token limit.
    package let finished: Bool

    package init(problem: Problem, completion: String, finished: Bool) {
        self.problem = problem
        self.completion = completion
        self.finished = finished
    }
}

/// Turns completions into rewards.
///
/// Invariant: the sandbox is made when the first program comes, once; tasks without programs never need one.
package final class Verifier: Sendable {
    private let parallelism: Int
    private let sandbox = Mutex<ProgramSandbox?>(nil)

    /// - Parameter parallelism: programs that may run at once.
    package init(parallelism: Int) {
        precondition(parallelism > 0, "a verifier runs at least one program at a time")
        self.parallelism = parallelism
    }

    /// Makes sure that programs can be run, for those who want to know before the first one comes.
    ///
    /// - Throws: `SandboxError` with the remedy.
    package func requireSandbox() throws { _ = try openSandbox() }

    /// One reward per submission, in their order; blocks the calling thread while programs run.
    ///
    /// A program that could not be run is missing. One that was cut off is wrong without being run.
    package func judge(_ submissions: [Submission]) -> [Reward] {
        var rewards: [Reward] = []
        var programs: [(index: Int, program: Program)] = []
        for (index, submission) in submissions.enumerated() {
            let outcome: Outcome
            let completion = submission.completion
            switch submission.problem.verification {
            case .number(let answer):
                outcome = Self.compare(NumberAnswer(inCompletion: completion), with: NumberAnswer(answer))
            case .boxed(let answer):
                outcome = Self.compare(BoxedAnswer(inCompletion: completion), with: BoxedAnswer(answer))
            case .choice(let answer):
                outcome = Self.compare(ChoiceAnswer(inCompletion: completion, options: []), with: ChoiceAnswer(answer))
            case .program(let prefix, let tests):
                let isEmpty = completion.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
                outcome = isEmpty ? .noAnswer : .wrong
                if !isEmpty && submission.finished {
                    programs.append((index, Program(source: prefix + completion, tests: tests)))
                }
            }
            rewards.append(.judged(outcome))
        }
        for (entry, reward) in zip(programs, run(programs.map(\.program))) { rewards[entry.index] = reward }
        return rewards
    }

    private static func compare<Answer: Equatable>(_ found: Answer?, with expected: Answer?) -> Outcome {
        guard let found else { return .noAnswer }
        return found == expected ? .right : .wrong
    }

    private func run(_ programs: [Program]) -> [Reward] {
        guard !programs.isEmpty else { return [] }
        do {
            return try openSandbox().run(programs).map { result in
                switch result {
                case .passed: .judged(.right)
                case .failed: .judged(.wrong)
                case .notRun(let reason): .missing(reason: reason)
                }
            }
        } catch {
            return programs.map { _ in .missing(reason: "\(error)") }
        }
    }

    private func openSandbox() throws -> ProgramSandbox {
        try sandbox.withLock { sandbox in
            if let sandbox { return sandbox }
            let opened = try ProgramSandbox(parallelism: parallelism)
            sandbox = opened
            return opened
        }
    }
}
