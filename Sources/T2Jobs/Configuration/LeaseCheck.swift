import T2Core
import T2Transport

/// Checks that the largest lease of a run fits into a message; a larger one could not be sent to any worker.
package struct LeaseCheck {
    private let configuration: RunConfiguration
    private let place: String
    /// In order of size, the largest first.
    private let problems: [Problem]
    /// A unit of one problem.
    private let template: WorkUnit
    private let codec: MessageCodec

    /// - Throws: `InputError` for a problem that fits no lease; `ConfigurationError` with the largest `prompts-per-unit`.
    /// - Cost: encodes one lease of the longest problems.
    package init(
        _ definition: TrainingDefinition, _ resolved: ResolvedConfiguration, limits: MessageLimits = MessageLimits()
    ) throws {
        configuration = definition.configuration
        place = resolved.place(of: .promptsPerUnit)
        codec = MessageCodec(limits: limits)
        problems = (definition.training + definition.validation).map { ($0, Self.bytes($0)) }.sorted { $0.1 > $1.1 }
            .map(\.0)
        let job = TrainingJob(definition, from: try definition.start())
        guard let unit = job.nextRound()?.units.first else { preconditionFailure("a run has a first step") }
        template = unit
        if let nameless = problems.first(where: { $0.id.utf8.count > limits.nameBytes }) {
            throw InputError(
                "problem \(nameless.id.prefix(40))…",
                "its id has \(nameless.id.utf8.count) bytes, expected at most \(limits.nameBytes)",
                remedy: "Shorten it in the task's file.")
        }
        guard !fits(configuration.promptsPerUnit) else { return }
        guard fits(1) else {
            throw InputError(
                "problem \(problems[0].id)",
                "with its prompt of \(problems[0].prompt.utf8.count) bytes it is more than a lease may hold "
                    + "(\(limits.headerBytes) bytes)",
                remedy: "Shorten it, or remove it from the task's file.")
        }
        throw ConfigurationError(
            place,
            "expected at most \(largestUnit), found \(configuration.promptsPerUnit): a unit's longest problems would make a lease "
                + "of more than \(limits.headerBytes) bytes.")
    }

    private static func bytes(_ problem: Problem) -> Int {
        problem.id.utf8.count + problem.prompt.utf8.count + "\(problem.verification)".utf8.count
    }

    private func fits(_ count: Int) -> Bool {
        let work = WorkUnit(
            key: template.key, seed: template.seed,
            // A step with more prompts than problems repeats some of them.
            problems: (0..<count).map { problems[$0 % problems.count] },
            problemIndices: [Int](repeating: configuration.promptsPerStep, count: count),
            sequences: WorkUnit.Sequence.all(problems: count, samples: configuration.samplesPerPrompt),
            policies: template.policies, sampling: template.sampling, gradient: template.gradient)
        return (try? codec.encode(.lease(Lease(work: work, attempt: 1, epoch: .max, lengthSeconds: 30)))) != nil
    }

    /// The largest number of problems that fit, by bisection; one problem fits, `prompts-per-unit` do not.
    private var largestUnit: Int {
        var (fitting, failing) = (1, configuration.promptsPerUnit)
        while failing - fitting > 1 {
            let middle = (fitting + failing) / 2
            if fits(middle) { fitting = middle } else { failing = middle }
        }
        return fitting
    }
}
