import Foundation
import T2Core
import T2Numerics
import Testing

@Suite("Products and decompositions")
struct MatrixTests {
    private func random(_ count: Int, seed: UInt64) -> FloatBuffer {
        var random = SeededRandom(seed: seed)
        return FloatBuffer((0..<count).map { _ in Float(random.nextNormal()) })
    }

    @Test(
        "a product of any shape, with or without blocks, equals the definition",
        arguments: [(1, 5, 3), (4, 1024, 192), (33, 320, 192), (64, 100, 700), (70, 914, 192), (129, 33, 65)])
    func products(m: Int, n: Int, k: Int) {
        let (a, b) = (random(m * k, seed: 1), random(k * n, seed: 2))
        let c = random(m * n, seed: 3)
        let before = c.values
        MatrixMultiply.multiply(
            a.matrix(rows: m, columns: k), b.matrix(rows: k, columns: n), into: c.matrix(rows: m, columns: n),
            accumulate: true)
        for (i, j) in [(0, 0), (m - 1, n - 1), (m / 2, n / 3), (m / 3, n / 2)] {
            let expected = (0..<k).reduce(Double(before[i * n + j])) {
                $0 + Double(a.pointer[i * k + $1]) * Double(b.pointer[$1 * n + j])
            }
            #expect(abs(Double(c.pointer[i * n + j]) - expected) < 1e-3)
        }
    }

    @Test(
        "a thin decomposition restores the matrix and is orthonormal", arguments: [(24, 16), (16, 24), (5, 5), (1, 9)])
    func decomposition(rows: Int, columns: Int) throws {
        let w = random(rows * columns, seed: 4)
        let svd = try SingularValueDecomposition(w.pointer, rows: rows, columns: columns, name: "w")
        let rank = min(rows, columns)
        #expect(svd.sigma == svd.sigma.sorted(by: >))
        for i in 0..<rows {
            for j in 0..<columns {
                let value = (0..<rank).reduce(0.0) {
                    $0 + Double(svd.uTransposed.pointer[$1 * rows + i]) * Double(svd.sigma[$1])
                        * Double(svd.v.pointer[j * rank + $1])
                }
                #expect(abs(value - Double(w.pointer[i * columns + j])) < 2e-6)
            }
        }
        for r in 0..<rank {
            let norm = (0..<columns).reduce(0.0) { $0 + pow(Double(svd.v.pointer[$1 * rank + r]), 2) }
            #expect(abs(norm - 1) < 1e-6)
        }
    }
}
