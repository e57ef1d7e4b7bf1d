import Foundation
import T2Core
import T2Formats

/// Decomposes a model's adapted weights, several at a time, through the cache.
package struct WeightDecomposition: Sendable {
    private struct Weight: Sendable {
        let name: String
        let rows: Int
        let columns: Int

        /// What its decomposition takes while it is under way, about: W, U, V and LAPACK's workspace (4·R² + 7·R and a panel) in
        /// double precision, and W, U and V in single precision.
        var bytes: Int {
            let rank = min(rows, columns)
            let factors = rank * (rows + columns)
            let workspace = 4 * rank * rank + 7 * rank + 64 * max(rows, columns)
            return 8 * (rows * columns + factors + workspace) + 4 * (rows * columns + factors)
        }
    }

    private let folder: BaseModelFolder
    private let cache: SingularValueCache
    private let weights: [Weight]

    /// - Parameter layout: one of this model.
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

    /// What one thread takes at most, about, beside what is kept.
    package var bytesPerThread: Int { weights.map(\.bytes).max() ?? 0 }

    /// Matrices decomposed at a time: one a core, or as many as memory holds; at least 1.
    package func threadCount(_ resources: MachineResources = MachineResources()) -> Int {
        let room = resources.availableMemory.map { $0 / max(1, bytesPerThread) } ?? weights.count
        return max(1, min(weights.count, resources.cores, room))
    }

    /// What `keep` takes from each decomposition, in the layout's order; the rest is freed at once.
    ///
    /// The threads are its own: work of minutes on those that concurrent tasks share would hold up whoever waits there.
    ///
    /// - Parameters:
    ///   - tick: the longest time between two calls of `progress`.
    ///   - progress: called with matrices done and in total on this thread: at the start, often, and at the end.
    /// - Throws: what loading and decomposing throw, for the earliest weight that failed, once no thread is at work any more.
    package func run<Kept: Sendable>(
        tick: Duration = .seconds(1), progress: (Int, Int) -> Void = { _, _ in },
        keep: @escaping @Sendable (SingularValueDecomposition) -> Kept
    ) throws -> [Kept] {
        AtomicFile.removeAbandoned(in: cache.folder)
        let work = SharedWork<Kept>(count: weights.count)
        for _ in 0..<threadCount() {
            let thread = Thread {
                while let index = work.take() { work.finish(index, Result { keep(try decompose(weights[index])) }) }
            }
            thread.name = "t2-decomposition"
            thread.stackSize = 8 << 20
            thread.start()
        }
        return try work.results(tick: tick, progress: progress)
    }

    private func decompose(_ weight: Weight) throws -> SingularValueDecomposition {
        let (rows, columns) = (weight.rows, weight.columns)
        let values = try WeightLoader(folder).load(weight.name, shape: [rows, columns])
        return try cache.decomposition(of: values, rows: rows, columns: columns, name: weight.name)
    }
}

/// Items that several threads take one by one, while another one waits for the results.
private final class SharedWork<Output: Sendable>: Sendable {
    private let condition = NSCondition()
    private let count: Int
    private nonisolated(unsafe) var outputs: [Result<Output, any Error>?]
    private nonisolated(unsafe) var taken = 0
    private nonisolated(unsafe) var finished = 0
    private nonisolated(unsafe) var hasFailed = false

    init(count: Int) {
        self.count = count
        outputs = Array(repeating: nil, count: count)
    }

    /// The next item; nil if there is none, or if one has failed.
    func take() -> Int? {
        condition.withLock {
            guard taken < count, !hasFailed else { return nil }
            defer { taken += 1 }
            return taken
        }
    }

    func finish(_ index: Int, _ output: Result<Output, any Error>) {
        condition.withLock {
            outputs[index] = output
            finished += 1
            if case .failure = output { hasFailed = true }
            condition.signal()
        }
    }

    func results(tick: Duration, progress: (Int, Int) -> Void) throws -> [Output] {
        var done = 0
        progress(done, count)
        while let next = wait(beyond: done, tick: tick) {
            done = next
            progress(done, count)
        }
        return try condition.withLock { try outputs.compactMap { try $0?.get() } }
    }

    /// Items finished once there are more of them than known, or after `tick`; nil once all that were known are the last.
    private func wait(beyond known: Int, tick: Duration) -> Int? {
        condition.withLock {
            let isOver = finished == taken && (taken == count || hasFailed)
            if isOver, finished == known { return nil }
            if finished == known { _ = condition.wait(until: Date(timeIntervalSinceNow: tick.seconds)) }
            return finished
        }
    }
}
