/// How a completion is checked.
///
/// It travels with a lease, so it is data: the kinds are closed, and a worker runs nothing on its own machine that a lease
/// tells it to. Programs run in the sandbox; an external command is the one in the task folder that the worker was given.
package enum Verification: Sendable, Equatable, Codable {
    /// A number after the last `####`, in the last `\boxed{}` or after the last "answer is"; by value.
    case number(answer: String)
    /// The content of the last `\boxed{}`; exactly.
    case boxed(answer: String)
    /// The content of the last `\boxed{}` as mathematics.
    case latex(answer: String)
    /// The letter of an option. `options` are the texts in the order of their letters; empty if only letters count.
    case choice(answer: String, options: [String])
    /// The whole completion, white space around it aside.
    case exact(answer: String)
    /// Right if the pattern matches somewhere in the completion.
    case regex(pattern: String)
    /// `programPrefix`, the completion's program and the tests, run by Python in the sandbox; right if all of it ends well.
    case program(programPrefix: String, tests: [String])
    /// Judged by the command of the task's folder. `record` is the problem's record as it stands in its file: JSON.
    case external(task: String, record: String)
    /// The completion is read and not judged: the question of a first pass.
    case unverified
}
