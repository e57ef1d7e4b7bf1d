import T2Core

extension SingularValueDecomposition {
    /// Whether this is a decomposition of W, as far as random vectors tell: W·x = U·diag(σ)·Vᵀ·x, and U and V have orthonormal
    /// columns. A wrong one passes only if it differs from a right one by about the tolerance.
    ///
    /// - Shapes: w [M, N] row-major.
    /// - Accuracy: tolerance 1e-4 relative to ‖σ‖·‖x‖, a hundred times the rounding of the factors to float32.
    /// - Cost: one pass over W, and three over U and V.
    /// - Source: R. Freivalds, Probabilistic machines can use less running time, IFIP 1977.
    func isDecomposition(of w: UnsafePointer<Float>, rows: Int, columns: Int) -> Bool {
        let rank = min(rows, columns)
        guard sigma.count == rank, sigma.allSatisfy({ $0.isFinite && $0 >= 0 }),
            zip(sigma, sigma.dropFirst()).allSatisfy({ $0 >= $1 })
        else { return false }
        let x = Self.randomVector(columns)
        let product = Self.multiply(w, x, rows: rows)
        let scaled = zip(Self.multiplyTransposed(v.pointer, x, columns: rank), sigma).map { $0 * Double($1) }
        let scale = Self.norm(sigma.map(Double.init)) * Self.norm(x)
        guard
            Self.distance(product, Self.multiplyTransposed(uTransposed.pointer, scaled, columns: rows)) <= 1e-4 * scale
        else { return false }
        let r = Self.randomVector(rank)
        let vvr = Self.multiplyTransposed(v.pointer, Self.multiply(v.pointer, r, rows: columns), columns: rank)
        let uur = Self.multiply(
            uTransposed.pointer, Self.multiplyTransposed(uTransposed.pointer, r, columns: rows), rows: rank)
        return [vvr, uur].allSatisfy { Self.distance($0, r) <= 1e-4 * Self.norm(r) }
    }

    /// Numbers that could not be foreseen when the factors were made.
    private static func randomVector(_ count: Int) -> [Double] { (0..<count).map { _ in .random(in: -1...1) } }

    /// A·x for a row-major A of `rows` rows.
    private static func multiply(_ a: UnsafePointer<Float>, _ x: [Double], rows: Int) -> [Double] {
        x.withUnsafeBufferPointer { x in
            (0..<rows).map { row in
                let start = a + row * x.count
                var sum = 0.0
                for column in 0..<x.count { sum += Double(start[column]) * x[column] }
                return sum
            }
        }
    }

    /// Aᵀ·x for a row-major A of as many rows as x has values.
    private static func multiplyTransposed(_ a: UnsafePointer<Float>, _ x: [Double], columns: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: columns)
        sums.withUnsafeMutableBufferPointer { sums in
            for (row, value) in x.enumerated() {
                let start = a + row * columns
                for column in 0..<columns { sums[column] += Double(start[column]) * value }
            }
        }
        return sums
    }

    private static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// Not a number if a factor holds a NaN, which is no distance to accept.
    private static func distance(_ x: [Double], _ y: [Double]) -> Double { norm(zip(x, y).map { $0 - $1 }) }
}
