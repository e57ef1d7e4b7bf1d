import Foundation
import T2Core
import T2Numerics

/// Decomposes every adapted weight of a model, several at a time, through the cache.
struct WeightDecomposition {
    private struct Job: Sendable {
        let layer: Int
        let kind: MatrixKind
        let name: String
    }

    private let base: BaseModel
    private let cache: SingularValueCache
    private let jobs: [Job]

    init(_ base: BaseModel, layout: ExpertLayout, cache: SingularValueCache) {
        self.base = base
        self.cache = cache
        let names = Set(layout.entries.map(\.name))
        jobs = (0..<base.configuration.layerCount).flatMap { layer in
            MatrixKind.allCases.map { Job(layer: layer, kind: $0, name: $0.name(layer: layer)) }
        }.filter { names.contains($0.name) }
    }

    /// In the layout's order.
    func run(progress: @escaping @Sendable (Int, Int) -> Void) throws -> [SingularValueDecomposition] {
        let results = Results(count: jobs.count, progress: progress)
        DispatchQueue.concurrentPerform(iterations: jobs.count) { index in
            if results.hasFailed { return }
            results.set(index, Result { try decompose(jobs[index]) })
        }
        return try results.all()
    }

    private func decompose(_ job: Job) throws -> SingularValueDecomposition {
        let (rows, columns) = job.kind.shape(base.configuration)
        let weight = try WeightLoader(base.folder).load(job.name, shape: [rows, columns])
        let bytes = UnsafeRawBufferPointer(start: weight.pointer, count: rows * columns * MemoryLayout<Float>.size)
        var name = DigestBuilder()
        name.update("[\(rows), \(columns)]")
        name.update(bytes)
        let digest = name.finalize()
        if let stored = cache.read(digest, rows: rows, columns: columns) { return stored }
        let computed = try SingularValueDecomposition(weight.pointer, rows: rows, columns: columns, name: job.name)
        // The cache saves time and nothing else: a read-only disk must not stop the work.
        try? cache.write(computed, digest, rows: rows, columns: columns)
        return computed
    }

    /// Collects results from several threads.
    private final class Results: Sendable {
        private let lock = NSLock()
        nonisolated(unsafe) private var values: [Result<SingularValueDecomposition, any Error>?]
        nonisolated(unsafe) private var finished = 0
        nonisolated(unsafe) private var failed = false
        private let progress: @Sendable (Int, Int) -> Void

        init(count: Int, progress: @escaping @Sendable (Int, Int) -> Void) {
            values = Array(repeating: nil, count: count)
            self.progress = progress
        }

        var hasFailed: Bool { lock.withLock { failed } }

        func set(_ index: Int, _ result: Result<SingularValueDecomposition, any Error>) {
            lock.withLock {
                values[index] = result
                finished += 1
                if case .failure = result { failed = true }
                progress(finished, values.count)
            }
        }

        func all() throws -> [SingularValueDecomposition] {
            if let failure = values.lazy.compactMap({ $0 }).first(where: {
                if case .failure = $0 { true } else { false }
            }) {
                _ = try failure.get()
            }
            return try values.map { try $0!.get() }
        }
    }
}
