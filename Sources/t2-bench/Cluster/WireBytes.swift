import Foundation
import T2Core

/// What the adapters of Llama-3-8B, and all of its weights, weigh on the wire, by their shapes alone.
struct WireBytes: Encodable {
    struct Row: Encodable {
        let what: String
        let values: Int
        /// Float32, once to each worker and back with each unit.
        let bytes: Int
        /// Of a step, at the coordinator.
        let stepBytes: Int
        /// To move `bytes` once over a link of a rate, in seconds.
        let seconds: [String: Double]
    }

    let rows: [Row]

    /// arXiv 2407.21783, table 3.
    private static let model = ModelConfiguration(
        vocabularySize: 128_256, hiddenSize: 4_096, intermediateSize: 14_336, layerCount: 32, headCount: 32,
        keyValueHeadCount: 8, headSize: 128, normEpsilon: 1e-5, ropeTheta: 500_000, contextLength: 8_192,
        tiedEmbeddings: false, beginningOfSequence: nil, endOfSequence: [])
    /// Mbit/s.
    private static let rates = [100, 10]

    /// - Parameters:
    ///   - workers: each of which gets the vector once a step.
    ///   - units: of a step, each of which returns a gradient.
    init(workers: Int, units: Int) {
        let matrices = Self.model.matrices(of: .all)
        let shapes = matrices.map { $0.kind.shape(Self.model) }
        let scales = matrices.reduce(0) { $0 + $1.kind.rank(Self.model) }
        let lora = shapes.reduce(0) { $0 + 16 * ($1.rows + $1.columns) }
        let norms = (2 * Self.model.layerCount + 1) * Self.model.hiddenSize
        let full =
            shapes.reduce(0) { $0 + $1.rows * $1.columns } + 2 * Self.model.vocabularySize * Self.model.hiddenSize
            + norms
        rows = [("z", scales), ("LoRA, rank 16", lora), ("all weights", full)].map { what, values in
            let bytes = 4 * values
            return Row(
                what: what, values: values, bytes: bytes, stepBytes: bytes * (workers + units),
                seconds: Dictionary(
                    uniqueKeysWithValues: Self.rates.map { ("\($0)", 8 * Double(bytes) / (1e6 * Double($0))) }))
        }
    }

    var text: String {
        rows.map { row in
            let seconds = Self.rates.map { String(format: "%.2f s at %d Mbit/s", row.seconds["\($0)"] ?? 0, $0) }
            return String(
                format: "%@: %ld values, %.2f MiB, %.2f GiB a step, once in ", row.what, row.values,
                Double(row.bytes) / 1_048_576, Double(row.stepBytes) / 1_073_741_824)
                + seconds.joined(separator: ", ")
        }.joined(separator: "\n")
    }
}
