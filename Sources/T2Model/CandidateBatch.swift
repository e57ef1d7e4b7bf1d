import T2Core

/// Several z over one resident model, a z per row and no weights merged: how the candidates of a search are answered and scored,
/// wherever that is done.
package struct CandidateBatch: Sendable {
    private let svf: SVFModel
    private let table: ScaleTable

    /// - Throws: `InputError` for a z that does not fit the model.
    package init(_ svf: SVFModel, _ candidates: [ExpertVector]) throws {
        self.svf = svf
        table = ScaleTable(svf, try candidates.map(svf.complete))
    }

    /// Greedy answers to the prompts, candidate by candidate, all in one batch.
    ///
    /// - Parameter onToken: called after each token; returns false to stop everything.
    /// - Throws: what sampling throws.
    package func answers(
        of candidates: Range<Int>, to prompts: [[Int32]], _ sampling: Sampling, stop: StopCondition,
        _ sampler: Sampler, onToken: () -> Bool = { true }
    ) throws -> [SampledCompletion] {
        let requests = candidates.flatMap { candidate in
            prompts.map { SampleRequest(prompt: $0, random: SeededRandom(seed: 0), expert: Int32(candidate)) }
        }
        return try sampler.sample(requests, .factored(svf, table), sampling, stop: stop) { _, _ in onToken() }
    }

    /// log π of each answer's tokens under one of the candidates.
    package func logProbabilities(
        of answers: [ScoredSequence], candidate: Int, _ logProbabilities: LogProbabilities
    ) -> [[Float]] {
        logProbabilities.score(answers, .factored(svf, table), expert: Int32(candidate))
    }
}
