import T2Core
import T2Formats
import T2Numerics

/// An SVF expert as LoRA's factors: of each weight's change U diag(σ ⊙ (z − 1)) Vᵀ the r terms with the largest
/// |σ(z − 1)|, which are the best approximation of rank r in the Frobenius norm.
///
/// - Source: Eckart and Young, "The approximation of one matrix by another of lower rank", 1936.
package struct LowRankExpert: Sendable {
    /// The share of the changes, as squared Frobenius norms, that their largest terms hold.
    package struct Share: Sendable, Equatable, Encodable {
        package let rank: Int
        /// Of all weights together.
        package let kept: Double
        /// The least of one weight.
        package let least_kept: Double
    }

    package let rank: Int
    /// A and B of every weight that the expert changes; their scale s is 1.
    package let layout: LoRALayout
    package let vector: ExpertVector
    private let description: ExpertFile.Description
    /// What peft adapts: the kinds of the changed weights, or the changed modules by their whole names if a kind is
    /// changed in some layers only.
    private let targetModules: [String]
    /// (σ(z − 1))² of each weight, in descending order.
    private let squares: [[Double]]

    /// Both factors contain the square root of each kept |σ(z − 1)|, and B its sign.
    ///
    /// - Parameters:
    ///   - expert: an SVF expert of this model.
    ///   - rank: r, at least 1.
    ///   - location: the path of the expert, for messages.
    ///   - progress: called during decomposition with the numbers of matrices done and in total.
    /// - Throws: `InputError` for a LoRA adapter, an expert that changes nothing, and a rank above that of a changed
    ///   weight; errors of the decomposition.
    /// - Cost: the decompositions of the changed weights in memory.
    package init(
        _ expert: ExpertFile, of model: BaseModelFolder, rank: Int, location: String,
        cache: SingularValueCache = SingularValueCache(), progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        precondition(rank > 0)
        guard case .svf(let z) = expert.policy else {
            throw InputError(
                location, "is a LoRA adapter already, expected an SVF expert", remedy: "Use it as it is.")
        }
        let indices = Dictionary(uniqueKeysWithValues: z.layout.entries.enumerated().map { ($1.name, $0) })
        let changed = model.configuration.matrices(of: .all).compactMap { layer, kind in
            indices[kind.name(layer: layer)].map { (layer: layer, kind: kind, z: z[entry: $0]) }
        }.filter { $0.z.contains { $0 != 1 } }
        guard let smallest = changed.min(by: { $0.z.count < $1.z.count }) else {
            throw InputError(location, "changes no weight, every z is 1", remedy: "Export a trained expert.")
        }
        guard rank <= smallest.z.count else {
            let name = smallest.kind.name(layer: smallest.layer)
            throw InputError(
                location, "rank \(rank) was asked for, but \(name) has \(smallest.z.count) singular values",
                remedy: "Give a rank from 1 to \(smallest.z.count).")
        }
        self.rank = rank
        layout = LoRALayout(
            changed.map { layer, kind, _ in
                let (rows, columns) = kind.shape(model.configuration)
                return LoRAMatrix(layer: layer, kind: kind, rank: rank, inputs: columns, outputs: rows, scale: 1)
            })
        let kinds = MatrixKind.allCases.filter { kind in changed.contains { $0.kind == kind } }
        targetModules =
            changed.count == kinds.count * model.configuration.layerCount
            ? kinds.map(\.module) : changed.map { "model.layers.\($0.layer).\($0.kind.rawValue)" }
        description = ExpertFile.Description(
            modelDigest: model.digest, task: expert.description.task, parameterisation: AdapterKind.lora.rawValue,
            step: expert.description.step, seed: expert.description.seed)
        let entries = changed.map { ExpertLayout.Entry(name: $0.kind.name(layer: $0.layer), count: $0.z.count) }
        let decompositions = try WeightDecomposition(model, layout: ExpertLayout(entries: entries), cache: cache)
            .run(progress: progress) { $0 }
        var values: [Float] = []
        var squares: [[Double]] = []
        for (matrix, (weight, decomposition)) in zip(layout.matrices, zip(changed, decompositions)) {
            let terms = zip(decomposition.sigma, weight.z).map { Double($0) * (Double($1) - 1) }
            let order = terms.indices.sorted { (abs(terms[$0]), $1) > (abs(terms[$1]), $0) }
            values += Self.factors(matrix, terms, order.prefix(rank), decomposition)
            squares.append(order.map { terms[$0] * terms[$0] })
        }
        vector = ExpertVector(layout: layout.expertLayout, values: values)
        self.squares = squares
    }

    /// A = diag(√|d|) Vᵀ, [r, N], followed by B = U diag(±√|d|), [M, r], for the kept terms d.
    private static func factors(
        _ matrix: LoRAMatrix, _ terms: [Double], _ kept: ArraySlice<Int>, _ decomposition: SingularValueDecomposition
    ) -> [Float] {
        let a = kept.flatMap { index in
            let root = abs(terms[index]).squareRoot()
            return (0..<matrix.inputs).map { Float(root * Double(decomposition.v.pointer[$0 * terms.count + index])) }
        }
        let b = (0..<matrix.outputs).flatMap { row in
            kept.map { index in
                let root = abs(terms[index]).squareRoot() * (terms[index] < 0 ? -1 : 1)
                return Float(root * Double(decomposition.uTransposed.pointer[index * matrix.outputs + row]))
            }
        }
        return a + b
    }

    /// The share that a rank keeps.
    package func share(rank: Int) -> Share {
        func share(_ kept: Double, of all: Double) -> Double { all > 0 ? kept / all : 1 }
        let kept = squares.map { $0.prefix(rank).reduce(0, +) }
        let all = squares.map { $0.reduce(0, +) }
        return Share(
            rank: rank, kept: share(kept.reduce(0, +), of: all.reduce(0, +)),
            least_kept: zip(kept, all).map(share).min() ?? 1)
    }

    /// The shares of the ranks 1, 2, 4 and so on, and of the full rank, which keeps everything.
    package var curve: [Share] {
        let full = squares.map(\.count).max() ?? 1
        return sequence(first: 1) { 2 * $0 }.prefix { $0 < full }.map(share) + [share(rank: full)]
    }

    /// The adapter as a folder.
    ///
    /// - Parameter baseModel: the name or path by which peft finds the base model.
    package func folder(baseModel: String) -> PEFTFolder {
        PEFTFolder(
            configuration: PEFTConfiguration(
                rank: rank, alpha: Double(rank), targetModules: targetModules, baseModel: baseModel),
            description: description, layout: layout, vector: vector)
    }
}
