import T2Core

/// The multiply-adds of a model's adapted weights, merged and factored.
package struct MergeCost: Sendable {
    private let type: WeightType
    /// M·N·R and M·N of all adapted weights: of merging a vector, and of a token under it.
    package private(set) var merge = 0.0
    package private(set) var mergedToken = 0.0
    /// R·(M+N) of a token.
    package private(set) var factoredToken = 0.0

    package init(_ model: ModelConfiguration, _ targets: TargetModules, _ type: WeightType) {
        self.type = type
        for kind in MatrixKind.allCases where kind.isTarget(of: targets) {
            let (m, n) = kind.shape(model)
            let r = Double(min(m, n))
            merge += Double(m * n) * r
            mergedToken += Double(m * n)
            factoredToken += r * Double(m + n)
        }
    }

    /// In bfloat16 always: training needs the merged weights anyway, and the packed factors take more memory than the model.
    package func isMergingCheaper(tokens: Int) -> Bool {
        type == .bfloat16 || merge + mergedToken * Double(tokens) < factoredToken * Double(tokens)
    }
}
