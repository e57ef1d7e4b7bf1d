import ArgumentParser
import T2Sandbox
import T2Tasks

/// How completions are judged on this machine.
package struct VerifierOptions: ParsableArguments {
    @Flag(
        name: .customLong("unsafe-no-sandbox"),
        help: "Run model-written programs with this user's rights, without bubblewrap. Only where nothing can be lost.")
    package var withoutSandbox = false

    package init() {}

    package var isolation: ProgramIsolation { withoutSandbox ? .none : .bubblewrap }

    /// A coordinator judges nothing itself: it hands the choice to the workers that it starts.
    package func requireUse(localWorkers: Int) throws {
        guard !withoutSandbox || localWorkers > 0 else {
            throw ValidationError(
                "--unsafe-no-sandbox is for --local-workers: give it to each t2-worker join that is to have none.")
        }
    }

    /// A verifier of these tasks that can judge them: a sandbox that does not work is an error here.
    ///
    /// - Parameter parallelism: programs and copies of a command that may run at once.
    /// - Throws: `SandboxError`; `InputError` (configuration) if a task's command cannot be found.
    package func verifier(parallelism: Int, for tasks: [TrainingTask]) throws -> Verifier {
        let verifier = try Verifier(parallelism: parallelism, tasks: tasks, isolation: isolation)
        if tasks.contains(where: \.needsSandbox) { try verifier.requireSandbox() }
        return verifier
    }
}
