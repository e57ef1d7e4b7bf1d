/// The way in which a completion is checked.
///
/// Leases carry it, so it is data from a closed set of kinds: a lease cannot name a command to run. Programs run in the
/// sandbox; an external command comes from the task folder that the worker was given.
package enum Verification: Sendable, Equatable, Codable {
    /// Compares, by value, the number after the last `####`, in the last `\boxed{}` or after the last "answer is".
    case number(answer: String)
    /// Compares the content of the last `\boxed{}` exactly.
    case boxed(answer: String)
    /// Compares the content of the last `\boxed{}` as a mathematical expression.
    case latex(answer: String)
    /// Compares the letter of an option. `options` holds the texts in letter order; empty if only letters count.
    case choice(answer: String, options: [String])
    /// Compares the whole completion without the white space around it.
    case exact(answer: String)
    /// The completion is right if the pattern matches anywhere in it.
    case regex(pattern: String)
    /// Runs `programPrefix`, the completion's program and the tests in the sandboxed Python; right if the run succeeds.
    case program(programPrefix: String, tests: [String])
    /// Runs the command of the task's folder. `record` is the problem's JSON record, as its file holds it.
    case external(task: String, record: String)
    /// The completion is read but not judged, as in a first pass.
    case unverified
}
