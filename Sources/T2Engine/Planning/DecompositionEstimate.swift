import T2Core
import T2Numerics

/// The time and the disk space of decomposing a model's matrices once, by `WeightDecomposition`.
package struct DecompositionEstimate: Sendable, Equatable {
    package let seconds: Double
    /// Bytes of the files that the cache keeps: float32, and those rounded to bfloat16 if the weights are held in it.
    package let bytes: Int

    /// - Parameter memory: bytes of a node; each thread needs room for its matrix.
    package init(
        _ model: ModelConfiguration, _ type: WeightType, _ targets: TargetModules, _ rates: MachineRates, cores: Int,
        memory: Int?
    ) {
        let kinds = MatrixKind.allCases.filter { $0.isTarget(of: targets) }
        let largest = kinds.map { kind in
            let (rows, columns) = kind.shape(model)
            return WeightDecomposition.bytes(rows: rows, columns: columns)
        }.max()!
        let threads = max(1, min(cores, model.layerCount * kinds.count, (memory ?? .max) / largest))
        let work = kinds.reduce(0.0) { sum, kind in
            let (rows, columns) = kind.shape(model)
            return sum + Self.seconds(rows: rows, columns: columns, rates)
        }
        seconds = Double(model.layerCount) * work / Double(threads)
        let factors = model.sum(targets) { $0.factorElements(model) + $0.rank(model) }
        bytes = factors * (type == .float32 ? 4 : 6)
    }

    /// LAPACK's `dgesdd` takes a time in R³. Of matrices that are nearly twice as long as wide it first makes a QR decomposition, in a
    /// time in L·R². The factors are then transposed and written with their digest.
    private static func seconds(rows: Int, columns: Int, _ rates: MachineRates) -> Double {
        let (r, l) = (Double(min(rows, columns)), Double(max(rows, columns)))
        let length = l > 11 / 6 * r ? qrShare * l / r : 0
        return r * r * r * (1 + length) / (rates.decompositions * 1e9) + writing * r * (r + l) + file
    }

    /// The time of the QR decomposition and of its product with the vectors, as a share of the time of R³.
    private static let qrShare = 0.28
    /// Seconds for each number of U and V, and for the file of a matrix.
    private static let (writing, file) = (2e-8, 8e-3)
}
