import T2Core
import T2Jobs
import T2TestSupport

extension TestTraining {
    /// Made-up numbers that follow from the unit alone.
    static func output(_ unit: WorkUnit) -> UnitOutput {
        var random = SeededRandom(seed: 5, step: unit.key.step, problem: unit.key.index)
        let completions = unit.sequences.map { sequence in
            var completion = Completion(prompt: [1], tokens: [2, 3], logProbabilities: [-1, -2], finishReason: .stop)
            completion.problem = unit.problems[sequence.problem].id
            completion.problemIndex = unit.problemIndices[sequence.problem]
            (completion.sample, completion.policy) = (sequence.sample, sequence.policy)
            completion.reward = .judged(random.next().isMultiple(of: 2) ? .right : .wrong)
            return completion
        }
        return UnitOutput(
            completions: completions,
            gradient: unit.gradient == nil ? nil : (0..<layout.count).map { _ in Float(random.nextUniform()) - 0.5 })
    }

    static func outputs(_ round: Round) -> [UnitKey: UnitOutput] {
        Dictionary(uniqueKeysWithValues: round.units.map { ($0.key, output($0)) })
    }
}
