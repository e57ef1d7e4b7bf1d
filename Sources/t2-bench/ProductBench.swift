import ArgumentParser
import Foundation
import T2Numerics

/// Measures the rate of float32 matrix products for the shapes that models need.
struct ProductBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "products", abstract: "Measures GFLOP/s of single-threaded matrix products, by shape.")

    @Option(help: "Columns of the left operand and rows of the right one.")
    var inner: [Int] = [192, 512, 768]

    @Option(help: "Columns of the right operand.")
    var columns: [Int] = [192, 512, 1024]

    @Option(help: "Rows of the left operand: tokens.")
    var rows: [Int] = [1, 4, 8, 16, 32, 64, 256, 1024]

    @Option(help: "Threads of a product with weights in bfloat16.")
    var threads = 1

    func validate() throws {
        for size in inner + columns + rows where !(1...65_536).contains(size) {
            throw ValidationError("a matrix has \(size) rows or columns, expected 1 to 65536.")
        }
    }

    func run() throws {
        MatrixMultiply.useThreads(1)
        print(
            "OpenBLAS core \(MatrixMultiply.coreName); GFLOP/s of A[M, K]·B[K, N] in float32, of A·Bᵀ, and of A·B in bfloat16 by oneDNN "
                + "\(PackedMatrix.oneDNNVersion) with \(threads) threads and a B that is not in the cache")
        let products = LaneProducts(threads > 1 ? try ThreadTeam(count: threads) : .alone)
        for k in inner {
            for n in columns {
                for m in rows {
                    let plain = matrixProductRate(m: m, n: n, k: k, transposed: false)
                    let transposed = matrixProductRate(m: m, n: n, k: k, transposed: true)
                    let packed = PackedMatrix.isSupported ? packedProductRate(m: m, n: n, k: k, products) : .nan
                    print(String(format: "M %5d  N %5d  K %5d  %7.1f %7.1f %7.1f", m, n, k, plain, transposed, packed))
                }
            }
        }
    }
}

/// GFLOP/s of one thread, the best of several repetitions.
func matrixProductRate(m: Int, n: Int, k: Int, transposed: Bool = false) -> Double {
    let a = FloatBuffer((0..<m * k).map { Float($0 % 7) * 0.1 })
    let b = FloatBuffer((0..<n * k).map { Float($0 % 5) * 0.1 })
    let c = FloatBuffer(count: m * n)
    let repetitions = max(1, Int(1e8 / (2 * Double(m) * Double(n) * Double(k))))
    let best = (0..<5).map { _ in
        seconds {
            for _ in 0..<repetitions {
                if transposed {
                    MatrixMultiply.multiplyTransposed(
                        a.matrix(rows: m, columns: k), b.matrix(rows: n, columns: k),
                        into: c.matrix(rows: m, columns: n))
                } else {
                    MatrixMultiply.multiply(
                        a.matrix(rows: m, columns: k), b.matrix(rows: k, columns: n),
                        into: c.matrix(rows: m, columns: n))
                }
            }
        }
    }.min()!
    return 2 * Double(m) * Double(n) * Double(k) * Double(repetitions) / best * 1e-9
}

/// GFLOP/s with packed weights, which change from product to product as those of a model's layers do; the median.
func packedProductRate(m: Int, n: Int, k: Int, _ products: LaneProducts) -> Double {
    let a = FloatBuffer((0..<m * k).map { Float($0 % 7) * 0.1 })
    let b = FloatBuffer((0..<n * k).map { Float($0 % 5) * 0.1 })
    let c = FloatBuffer(count: m * n)
    let weights = (0..<max(1, min(200, (256 << 20) / (2 * n * k)))).map { _ in
        PackedMatrix(b.matrix(rows: k, columns: n))
    }
    let times = (0..<max(5, min(200, Int(1e12 / (2 * Double(m) * Double(n) * Double(k)))))).map { round in
        seconds {
            products.multiply(
                a.matrix(rows: m, columns: k), weights[round % weights.count], into: c.matrix(rows: m, columns: n))
        }
    }
    return 2 * Double(m) * Double(n) * Double(k) / times.sorted()[times.count / 2] * 1e-9
}
