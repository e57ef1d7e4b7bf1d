import T2Core
import T2Formats
import T2Numerics

/// The singular values of a base model's adapted weights, for the parameterisation that needs them. The coordinator computes
/// nothing else from the weights.
enum WeightSingularValues {
    /// σ of each entry of the layout, in its order, from the cache that the workers use too.
    ///
    /// - Throws: errors of `WeightDecomposition`.
    static func read(_ model: BaseModelFolder, _ layout: ExpertLayout) throws -> [[Float]] {
        let reporter = ProgressReporter("decomposing")
        defer { reporter.finish() }
        return try WeightDecomposition(model, layout: layout, cache: SingularValueCache()).run(
            progress: { reporter.report($0, of: $1, "matrices") }, keep: \.sigma)
    }
}
