import ArgumentParser
import T2Sandbox
import T2Tasks

/// How this machine judges completions.
package struct VerifierOptions: ParsableArguments {
    @Flag(
        name: .customLong("unsafe-no-sandbox"),
        help: "Run model-written programs with this user's rights, without bubblewrap; only where nothing can be lost.")
    package var withoutSandbox = false

    package init() {}

    package var isolation: ProgramIsolation { withoutSandbox ? .none : .bubblewrap }

    /// Checks the option of a coordinator, which passes it to the workers that it starts and judges no completion itself.
    package func requireUse(localWorkers: Int) throws {
        guard !withoutSandbox || localWorkers > 0 else {
            throw ValidationError(
                "--unsafe-no-sandbox applies to --local-workers only. For other workers, give it to t2-worker join.")
        }
    }

    /// Makes the verifier of these tasks, and checks that the sandbox works if one of them needs it.
    ///
    /// - Parameter parallelism: the number of programs, or of copies of a command, that may run at once.
    /// - Throws: `SandboxError`; `InputError` (configuration) if a task's command cannot be found.
    package func verifier(parallelism: Int, for tasks: [TrainingTask]) throws -> Verifier {
        let verifier = try Verifier(parallelism: parallelism, tasks: tasks, isolation: isolation)
        if tasks.contains(where: \.needsSandbox) { try verifier.requireSandbox() }
        return verifier
    }
}
