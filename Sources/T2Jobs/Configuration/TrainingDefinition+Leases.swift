import T2Core
import T2Transport

extension TrainingDefinition {
    /// Checks that the largest lease of the run fits into a message; a larger one could not be sent to any worker.
    ///
    /// - Throws: `InputError` for a problem that fits no lease; `ConfigurationError` with the largest `prompts-per-unit`.
    /// - Cost: encodes one lease of the longest problems.
    package func checkLeases(_ resolved: ResolvedConfiguration, limits: MessageLimits = MessageLimits()) throws {
        let longest = (training + validation).map { ($0, Self.bytes($0)) }.sorted { $0.1 > $1.1 }.map(\.0)
        if let nameless = longest.first(where: { $0.id.utf8.count > limits.nameBytes }) {
            throw InputError(
                "problem \(nameless.id.prefix(40))…",
                "its id has \(nameless.id.utf8.count) bytes, expected at most \(limits.nameBytes)",
                remedy: "Shorten it in the task's file.")
        }
        guard let unit = TrainingJob(self, from: try start()).nextRound()?.units.first else {
            preconditionFailure("a run has a first step")
        }
        let codec = MessageCodec(limits: limits)
        func fits(_ count: Int) -> Bool {
            let work = WorkUnit(
                key: unit.key, seed: unit.seed,
                // A step with more prompts than problems repeats some of them.
                problems: (0..<count).map { longest[$0 % longest.count] },
                problemIndices: [Int](repeating: configuration.promptsPerStep, count: count),
                sequences: WorkUnit.Sequence.all(problems: count, samples: configuration.samplesPerPrompt),
                policies: unit.policies, sampling: unit.sampling, gradient: unit.gradient)
            return (try? codec.encode(.lease(Lease(work: work, attempt: 1, epoch: .max, lengthSeconds: 30)))) != nil
        }
        guard !fits(configuration.promptsPerUnit) else { return }
        guard fits(1) else {
            throw InputError(
                "problem \(longest[0].id)",
                "with its prompt of \(longest[0].prompt.utf8.count) bytes it is more than a lease may hold "
                    + "(\(limits.headerBytes) bytes)",
                remedy: "Shorten it, or remove it from the task's file.")
        }
        // Bisection: one problem fits, `prompts-per-unit` do not.
        var (fitting, failing) = (1, configuration.promptsPerUnit)
        while failing - fitting > 1 {
            let middle = (fitting + failing) / 2
            if fits(middle) { fitting = middle } else { failing = middle }
        }
        throw ConfigurationError(
            resolved.location(of: .promptsPerUnit),
            "expected at most \(fitting), found \(configuration.promptsPerUnit): a unit's longest problems would make a "
                + "lease of more than \(limits.headerBytes) bytes.")
    }

    private static func bytes(_ problem: Problem) -> Int {
        problem.id.utf8.count + problem.prompt.utf8.count + "\(problem.verification)".utf8.count
    }
}
