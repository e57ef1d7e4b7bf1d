/// The version that all programs show, and the commit that they were built from.
///
/// Only this target is compiled again for another commit: nothing of the commit is in its interface.
package enum ProgramVersion {
    package static let number = "0.1.0"

    /// What `--version` prints: `t2 0.1.0 (061a599)`, with `+changes` behind the commit if the sources were edited since, or
    /// `unknown commit` if they were no git checkout.
    @inline(never)
    package static func text(of program: String) -> String {
        let commit = sourceCommit().description
        return "\(program) \(number) (\(commit.isEmpty ? "unknown commit" : commit))"
    }
}
