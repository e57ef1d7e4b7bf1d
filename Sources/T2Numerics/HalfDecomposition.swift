import T2Core
import T2Formats

/// What products in bfloat16 need of a decomposition W = U diag(σ) Vᵀ: U and V rounded to bfloat16, mapped from the cache.
package struct HalfDecomposition: Sendable {
    /// Uᵀ, [R, M].
    package let uTransposed: HalfMatrix
    /// σ, [R], in descending order and in the units of W.
    package let sigma: [Float]
    /// V, [N, R].
    package let v: HalfMatrix

    init(uTransposed: HalfMatrix, sigma: [Float], v: HalfMatrix) {
        (self.uTransposed, self.sigma, self.v) = (uTransposed, sigma, v)
    }

    /// - Shapes: of a weight [rows, columns].
    init(rounding full: SingularValueDecomposition, rows: Int, columns: Int) {
        let rank = full.sigma.count
        uTransposed = HalfMatrix(full.uTransposed.matrix(rows: rank, columns: rows))
        sigma = full.sigma
        v = HalfMatrix(full.v.matrix(rows: columns, columns: rank))
    }
}

extension SingularValueCache {
    /// As `decomposition(of:rows:columns:name:)`, rounded to bfloat16, in files of their own beside the others. What cannot be stored
    /// stays in memory.
    ///
    /// - Throws: the errors of `decomposition`.
    package func halfDecomposition(
        of weight: FloatBuffer, rows: Int, columns: Int, name: String
    ) throws -> HalfDecomposition {
        let key = Self.key(weight, rows: rows, columns: columns)
        if let cached = readHalf(key, rows: rows, columns: columns) { return cached }
        let rounded = HalfDecomposition(
            rounding: try decomposition(of: weight, rows: rows, columns: columns, name: name), rows: rows,
            columns: columns)
        guard (try? writeHalf(rounded, key)) != nil else { return rounded }
        return readHalf(key, rows: rows, columns: columns) ?? rounded
    }

    private func halfPath(_ key: Digest) -> String { "\(folder)/\(key.hexadecimal).bf16.safetensors" }

    private func readHalf(_ key: Digest, rows: Int, columns: Int) -> HalfDecomposition? {
        let rank = min(rows, columns)
        guard let file = try? SafetensorsFile(path: halfPath(key)),
            let sigma = try? file.floats(of: "sigma", shape: [rank]),
            let uTransposed = HalfMatrix("u_transposed", rows: rank, columns: rows, of: file),
            let v = HalfMatrix("v", rows: columns, columns: rank, of: file)
        else { return nil }
        let found = HalfDecomposition(uTransposed: uTransposed, sigma: sigma, v: v)
        defer { for matrix in [uTransposed, v] { matrix.release() } }
        // A damaged file is replaced.
        return file.metadata["digest"] == Self.digest(found, key) ? found : nil
    }

    private func writeHalf(_ half: HalfDecomposition, _ key: Digest) throws {
        let parts = [("u_transposed", half.uTransposed), ("v", half.v)]
        let matrices = Dictionary(uniqueKeysWithValues: parts)
        let entries =
            [SafetensorsWriter.Entry(name: "sigma", element: .float32, shape: [half.sigma.count])]
            + parts.map { .init(name: $0, element: .bfloat16, shape: [$1.rows, $1.columns]) }
        try SafetensorsWriter.write(
            entries, metadata: ["format": Self.version, "digest": Self.digest(half, key)], to: halfPath(key)
        ) { entry, append in
            if let matrix = matrices[entry.name] {
                try append(matrix.bytes)
            } else {
                try half.sigma.withUnsafeBytes { try append($0) }
            }
        }
    }

    private static func digest(_ half: HalfDecomposition, _ key: Digest) -> String {
        var builder = DigestBuilder()
        builder.update(key.hexadecimal)
        half.sigma.withUnsafeBytes { builder.update($0) }
        builder.update(half.uTransposed.bytes)
        builder.update(half.v.bytes)
        return builder.finalize().hexadecimal
    }
}
