import T2Core
import T2Formats

/// Decomposes a model's adapted weights with the help of the cache, several weights at a time.
package struct WeightDecomposition: Sendable {
    private struct Weight: Sendable {
        let name: String
        let rows: Int
        let columns: Int
    }

    /// An estimate of the memory that the decomposition of a weight needs while it runs, in bytes: W, U, V and LAPACK's workspace
    /// (4·R² + 7·R and a panel) in double precision, and W, U and V in single precision.
    package static func bytes(rows: Int, columns: Int) -> Int {
        let rank = min(rows, columns)
        let factors = rank * (rows + columns)
        let workspace = 4 * rank * rank + 7 * rank + 64 * max(rows, columns)
        return 8 * (rows * columns + factors + workspace) + 4 * (rows * columns + factors)
    }

    private let folder: BaseModelFolder
    private let cache: SingularValueCache
    private let weights: [Weight]

    /// - Parameter layout: the layout whose weights are decomposed. It must belong to this model.
    package init(_ folder: BaseModelFolder, layout: ExpertLayout, cache: SingularValueCache) {
        self.folder = folder
        self.cache = cache
        let names = Set(layout.entries.map(\.name))
        weights = (0..<folder.configuration.layerCount).flatMap { layer in
            MatrixKind.allCases.map { kind in
                let (rows, columns) = kind.shape(folder.configuration)
                return Weight(name: kind.name(layer: layer), rows: rows, columns: columns)
            }
        }
        .filter { names.contains($0.name) }
    }

    /// An estimate of the memory that one thread needs at most, in bytes, without the results.
    package var bytesPerThread: Int { weights.map { Self.bytes(rows: $0.rows, columns: $0.columns) }.max() ?? 0 }

    /// The number of matrices that are decomposed at a time: one per core if memory allows it, and at least 1.
    package func threadCount(_ resources: MachineResources = MachineResources()) -> Int {
        let room = resources.availableMemory.map { $0 / max(1, bytesPerThread) } ?? weights.count
        return max(1, min(weights.count, resources.cores, room))
    }

    /// Decomposes all weights and returns the results of `keep`, in the layout's order. Whatever `keep` does not return
    /// is freed at once.
    ///
    /// The work takes minutes, so it runs on threads of its own: on the shared threads of Swift concurrency it would
    /// block other tasks.
    ///
    /// - Parameters:
    ///   - tick: the longest time between two calls of `progress`.
    ///   - progress: called on this thread with the number of finished matrices and their total: at the start, at least
    ///     once in every `tick`, and at the end.
    ///   - keep: called on one of the threads with each decomposition.
    /// - Throws: the error of loading or decomposing the first weight that failed, once all threads have ended.
    package func run<Kept: Sendable>(
        tick: Duration = .seconds(1), progress: (Int, Int) -> Void = { _, _ in },
        keep: @escaping @Sendable (SingularValueDecomposition) -> Kept
    ) throws -> [Kept] {
        try compute(tick: tick, progress: progress) { weight, values in
            keep(
                try cache.decomposition(of: values, rows: weight.rows, columns: weight.columns, name: weight.name))
        }
    }

    /// The decompositions of all weights rounded to bfloat16, in the layout's order.
    ///
    /// - Throws: as `run`.
    package func halves(progress: (Int, Int) -> Void = { _, _ in }) throws -> [HalfDecomposition] {
        try compute(tick: .seconds(1), progress: progress) { weight, values in
            try cache.halfDecomposition(of: values, rows: weight.rows, columns: weight.columns, name: weight.name)
        }
    }

    private func compute<Kept: Sendable>(
        tick: Duration, progress: (Int, Int) -> Void,
        _ decompose: @escaping @Sendable (Weight, FloatBuffer) throws -> Kept
    ) throws -> [Kept] {
        AtomicFile.removeAbandoned(in: cache.folder)
        let work = SharedWork<Kept>(count: weights.count)
        for number in 0..<threadCount() {
            LaneThread.start(number) {
                work.run { index in
                    let weight = weights[index]
                    let values = try WeightLoader(folder).load(weight.name, shape: [weight.rows, weight.columns])
                    return try decompose(weight, values)
                }
            }
        }
        work.wait(tick: tick, progress: progress)
        return try work.outputs
    }

    /// The keys of the decompositions in the cache, in the layout's order.
    ///
    /// - Cost: one pass over the weights.
    /// - Throws: the errors of `WeightLoader`.
    package func keys() throws -> [Digest] {
        try weights.map { weight in
            let values = try WeightLoader(folder).load(weight.name, shape: [weight.rows, weight.columns])
            return SingularValueCache.key(values, rows: weight.rows, columns: weight.columns)
        }
    }
}
