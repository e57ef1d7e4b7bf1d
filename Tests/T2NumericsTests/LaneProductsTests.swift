import CKernels
import T2Core
import T2Numerics
import Testing

@Suite(
    "Products with bfloat16 weights",
    .enabled(if: PackedMatrix.isSupported, "this processor does not multiply bfloat16"))
struct LaneProductsTests {
    /// Random values that bfloat16 holds exactly.
    private static func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> FloatBuffer {
        var random = SeededRandom(seed: seed)
        let values = (0..<rows * columns).map { _ in Float(random.nextNormal()) }
        return FloatBuffer(values.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) })
    }

    private static func products(_ threads: Int) throws -> LaneProducts { LaneProducts(try ThreadTeam(count: threads)) }

    /// Σ_k x[t, k] · w[k, n] in double precision.
    private static func expected(_ x: Matrix, _ w: Matrix) -> [Double] {
        (0..<x.rows).flatMap { t in
            (0..<w.columns).map { n in (0..<x.columns).reduce(0) { $0 + Double(x.row(t)[$1]) * Double(w.row($1)[n]) } }
        }
    }

    @Test("agree with double precision, however the weights are given", arguments: [1, 3])
    func exact(threads: Int) throws {
        let (t, k, n) = (5, 70, 83)
        let (x, w, wT) = (Self.matrix(t, k, seed: 1), Self.matrix(k, n, seed: 2), FloatBuffer(count: k * n))
        let (x_TK, w_KN, w_NK) = (
            x.matrix(rows: t, columns: k), w.matrix(rows: k, columns: n), wT.matrix(rows: n, columns: k)
        )
        t2_transpose(w.pointer, wT.pointer, k, n, n, k)
        let expected = Self.expected(x_TK, w_KN)
        let products = try Self.products(threads)
        let packed = PackedMatrix(w_KN)
        func parts(_ rows: [Int]) -> [HalfMatrix] {
            var first = 0
            return rows.map { count in
                defer { first += count }
                return HalfMatrix(w_NK.rows(first..<first + count))
            }
        }
        let ways: [(Matrix) -> Void] = [
            { products.multiply(x_TK, packed, into: $0) },
            { products.multiply(x_TK, PackedMatrix(transposed: HalfMatrix(w_NK)), into: $0) },
            { products.multiply(x_TK, PackedMatrix(transposed: parts([64, n - 64])), into: $0) },
            { products.multiply(x_TK, PackedMatrix(transposed: parts([7, 64, n - 71])), into: $0) },
            { products.multiplyTransposed(x_TK, PackedMatrix(w_NK), into: $0) },
            { products.multiply(x_TK, packing: HalfMatrix(w_KN), into: $0) },
            { products.multiply(x_TK, packing: HalfMatrix(w_NK), transposed: true, into: $0) },
        ]
        for way in ways {
            let y = FloatBuffer(count: t * n)
            way(y.matrix(rows: t, columns: n))
            for (found, expected) in zip(y.values, expected) { #expect(abs(Double(found) - expected) < 1e-4) }
        }
        let sum = FloatBuffer([Float](repeating: 2, count: t * n))
        products.multiply(x_TK, packed, into: sum.matrix(rows: t, columns: n), accumulate: true)
        for (found, expected) in zip(sum.values, expected) { #expect(abs(Double(found) - 2 - expected) < 1e-4) }
        let back = FloatBuffer(count: k * n)
        packed.unpack(into: back.matrix(rows: k, columns: n))
        #expect(back.values == w.values)
    }

    @Test("give a row the same bits beside any other rows and on any number of threads", arguments: [64, 1_201])
    func sameBits(inputs k: Int) throws {
        let (t, n) = (601, 176)
        let (x, w) = (Self.matrix(t, k, seed: 3), Self.matrix(k, n, seed: 4))
        let (x_TK, w_KN) = (x.matrix(rows: t, columns: k), w.matrix(rows: k, columns: n))
        let all = FloatBuffer(count: t * n)
        try Self.products(1).multiply(x_TK, PackedMatrix(w_KN), into: all.matrix(rows: t, columns: n))
        let products = try Self.products(3)
        let packed = PackedMatrix(w_KN)
        let (some, transposed) = (FloatBuffer(count: t * n), FloatBuffer(count: t * n))
        var start = 0
        for count in [1, 2, 3, 7, 16, 33, 64, 65, 127, 128, 155] {
            let rows = start..<start + count
            products.multiply(x_TK.rows(rows), packed, into: some.matrix(rows: t, columns: n).rows(rows))
            products.multiply(
                x_TK.rows(rows), packing: HalfMatrix(w_KN), into: transposed.matrix(rows: t, columns: n).rows(rows))
            start += count
        }
        #expect(start == t)
        #expect(some.values == all.values)
        #expect(transposed.values == all.values)
    }

    @Test("round what is multiplied to nearest, ties to even, and keep NaN and infinities")
    func rounding() {
        let values: [Float] = [
            1, 1.0039062, 1.01171875, -3.14159, .infinity, -.infinity, .nan, 0, -0.0, 0x1p-130, 3.4e38,
        ]
        var bits = [UInt16](repeating: 0, count: values.count)
        t2_to_bfloat(values, &bits, values.count)
        let found = bits.map { Float(bitPattern: UInt32($0) << 16) }
        #expect(found[0] == 1 && found[1] == 1 && found[2] == 1.015625 && found[3] == -3.140625)
        #expect(found[4] == .infinity && found[5] == -.infinity && found[6].isNaN)
        #expect(bits[7] == 0 && bits[8] == 0x8000 && found[10] == .infinity)
    }
}

@Suite("A lane's threads")
struct ThreadTeamTests {
    @Test("each compute their part, thousands of times, and every part once", arguments: [1, 2, 5])
    func parts(count: Int) throws {
        let team = try ThreadTeam(count: count)
        let calls = UnsafeMutablePointer<Int>.allocate(capacity: 64)
        calls.initialize(repeating: 0, count: 64)
        defer { calls.deallocate() }
        nonisolated(unsafe) let cells = calls
        for round in 0..<5000 {
            let items = round % 64 + 1
            team.split(items) { _, range in for index in range { cells[index] += 1 } }
        }
        for index in 0..<64 { #expect(calls[index] == (0..<5000).count { $0 % 64 >= index }) }
    }
}
