import Foundation
import T2CommandLine
import T2Core
import T2Formats

/// What `t2 experts show` prints for a PEFT folder.
struct LoRADescription: Encodable {
    /// One changed weight.
    struct Matrix: Encodable {
        let name: String
        let rank: Int
        /// The scale s of s·B·A.
        let scale: Float
        let count: Int
        /// The Frobenius norms ‖A‖, ‖B‖ and ‖s·B·A‖.
        let a_norm: Double
        let b_norm: Double
        let change_norm: Double
    }

    let path: String
    let format = "peft-lora"
    let base_model: String?
    /// nil for an adapter that t2 did not write.
    let base_model_digest: String?
    let task: String?
    let step: Int?
    let seed: UInt64?
    let measures: [String: String]
    let rank: Int
    let alpha: Double
    let values: Int
    let matrices: [Matrix]

    init(_ folder: PEFTFolder, path: String) {
        self.path = path
        base_model = folder.configuration.baseModel
        base_model_digest = folder.description.modelDigest?.hexadecimal
        task = folder.description.task
        step = folder.description.step
        seed = folder.description.seed
        measures = folder.description.measures
        rank = folder.configuration.rank
        alpha = folder.configuration.alpha
        values = folder.parameters.count
        matrices = folder.layout.matrices.enumerated().map { index, matrix in
            func values(_ factor: LoRAFactor) -> ArraySlice<Float> {
                folder.parameters[folder.layout.range(index, factor)]
            }
            return Matrix(
                name: matrix.kind.name(layer: matrix.layer), rank: matrix.rank, scale: matrix.scale,
                count: matrix.count(.a) + matrix.count(.b), a_norm: Self.norm(values(.a)),
                b_norm: Self.norm(values(.b)),
                change_norm: Double(abs(matrix.scale)) * Self.productNorm(values(.a), values(.b), matrix))
        }
    }

    private static func norm(_ values: ArraySlice<Float>) -> Double {
        values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    /// ‖B·A‖ without the product: ‖BA‖² = Σ (A Aᵀ) ⊙ (Bᵀ B), both [r, r].
    ///
    /// - Cost: r²·(M+N) multiply-adds.
    private static func productNorm(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>, _ matrix: LoRAMatrix) -> Double {
        let (r, n) = (matrix.rank, matrix.inputs)
        var sum = 0.0
        for i in 0..<r {
            for j in 0..<r {
                var rows = 0.0
                for k in 0..<n { rows += Double(a[a.startIndex + i * n + k]) * Double(a[a.startIndex + j * n + k]) }
                var columns = 0.0
                for k in 0..<matrix.outputs {
                    columns += Double(b[b.startIndex + k * r + i]) * Double(b[b.startIndex + k * r + j])
                }
                sum += rows * columns
            }
        }
        return max(0, sum).squareRoot()
    }

    var text: String {
        var rows: [(name: String, value: String)] = [
            ("LoRA", path), ("base model", base_model_digest ?? base_model ?? "not named"),
            ("adapter", "rank \(rank), alpha \(alpha), \(PlainText.count(values)) values"),
        ]
        if let task, let step, let seed { rows.append(("trained", "\(task), step \(step), seed \(seed)")) }
        rows += measures.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let norms = matrices.map { matrix in
            [matrix.name, "\(matrix.rank)"]
                + [matrix.a_norm, matrix.b_norm, matrix.change_norm].map { String(format: "%.5f", $0) }
        }
        return PlainText.table(rows) + "\n" + PlainText.matrices(["rank", "|A|", "|B|", "|s B A|"], norms)
    }
}
