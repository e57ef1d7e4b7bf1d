import T2Core

/// The differences between two experts of one base model. A weight that only one of them adapts has z = 1 in the other.
package struct ExpertDifference: Sendable {
    /// Norms over the values of z of one weight or of all, summed in Float64.
    package struct Norms: Sendable, Equatable, Encodable {
        package let count: Int
        /// ‖z_A‖, ‖z_B‖.
        package let a: Double
        package let b: Double
        /// ‖z_A − 1‖, ‖z_B − 1‖: how far each is from the base model.
        package let a_change: Double
        package let b_change: Double
        /// ‖z_A − z_B‖.
        package let difference: Double
        /// The cosine between z_A − 1 and z_B − 1; nil if one of them is 0.
        package let cosine: Double?

        init(_ a: some Collection<Float>, _ b: some Collection<Float>) {
            var (aa, bb, changedA, changedB, product, apart) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
            for (x, y) in zip(a.lazy.map(Double.init), b.lazy.map(Double.init)) {
                aa += x * x
                bb += y * y
                changedA += (x - 1) * (x - 1)
                changedB += (y - 1) * (y - 1)
                product += (x - 1) * (y - 1)
                apart += (x - y) * (x - y)
            }
            count = a.count
            self.a = aa.squareRoot()
            self.b = bb.squareRoot()
            a_change = changedA.squareRoot()
            b_change = changedB.squareRoot()
            difference = apart.squareRoot()
            let lengths = (changedA * changedB).squareRoot()
            cosine = lengths > 0 ? max(-1, min(1, product / lengths)) : nil
        }
    }

    package struct Matrix: Sendable, Encodable {
        /// The first largest |z_A − z_B|: its index, where 0 is the largest singular value, and both values.
        package struct Largest: Sendable, Encodable {
            package let index: Int
            package let a: Float
            package let b: Float
        }

        package let name: String
        package let norms: Norms
        package let largest: Largest
    }

    package let all: Norms
    /// Matrices in descending order of ‖z_A − z_B‖.
    package let matrices: [Matrix]

    /// - Throws: `InputError` for experts of two base models, or if a weight has two sizes.
    package init(_ a: ExpertLibrary.Entry, _ b: ExpertLibrary.Entry) throws {
        if let digestA = a.expert.description.modelDigest, let digestB = b.expert.description.modelDigest,
            digestA != digestB
        {
            throw InputError(
                b.path, "is an expert of base model \(digestB.short), but \(a.path) is one of \(digestA.short)",
                remedy: "Compare experts of one base model: the singular directions of two models are unrelated.")
        }
        let (tensorsA, tensorsB) = (a.expert.vector.tensors, b.expert.vector.tensors)
        let valuesB = Dictionary(uniqueKeysWithValues: tensorsB.map { ($0.name, $0.values) })
        var rows: [(name: String, a: [Float], b: [Float])] = try tensorsA.map { tensor in
            let count = tensor.values.count
            let others = valuesB[tensor.name] ?? [Float](repeating: 1, count: count)
            guard others.count == count else {
                throw InputError(
                    b.path, "'\(tensor.name)' has \(others.count) values, but \(count) in \(a.path)",
                    remedy: "See: t2 experts show \(b.path)")
            }
            return (tensor.name, tensor.values, others)
        }
        let namesA = Set(tensorsA.map(\.name))
        for tensor in tensorsB where !namesA.contains(tensor.name) {
            rows.append((tensor.name, [Float](repeating: 1, count: tensor.values.count), tensor.values))
        }
        all = Norms(rows.flatMap(\.a), rows.flatMap(\.b))
        matrices = rows.map { row in
            let distances = zip(row.a, row.b).map { abs($0 - $1) }
            let index = distances.indices.max { distances[$0] < distances[$1] } ?? 0
            let largest = row.a.isEmpty ? (1, 1) : (row.a[index], row.b[index])
            return Matrix(
                name: row.name, norms: Norms(row.a, row.b), largest: .init(index: index, a: largest.0, b: largest.1))
        }
        .sorted { ($1.norms.difference, $0.name) < ($0.norms.difference, $1.name) }
    }
}
