import Foundation
import T2Core
import T2Numerics

/// The singular values of a base model's adapted weights, for the parameterisation that needs them: the one number of the
/// model that the coordinator computes itself.
enum WeightSingularValues {
    /// σ of each entry of the layout, in its order; through the cache that the workers use.
    ///
    /// - Throws: `SafetensorsError` or `InputError` naming the weight at fault.
    static func read(_ model: BaseModelFolder, _ layout: ExpertLayout) throws -> [[Float]] {
        try layout.entries.map { try singularValues(model, $0.name) }
    }

    private static func singularValues(_ model: BaseModelFolder, _ name: String) throws -> [Float] {
        let file = try model.file(of: name)
        guard let tensor = file.tensors[name], tensor.shape.count == 2 else {
            throw SafetensorsError.missingTensor(path: file.path, name: name)
        }
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        let weight = FloatBuffer(count: tensor.count)
        guard try file.withBytes(of: name, { HalfPrecision.widen($0, tensor.element, into: weight) }) else {
            throw SafetensorsError.unexpectedElement(
                path: file.path, name: name, expected: "F32, F16 or BF16", found: tensor.element.rawValue)
        }
        var digest = DigestBuilder()
        digest.update("[\(rows), \(columns)]")
        digest.update(UnsafeRawBufferPointer(start: weight.pointer, count: weight.count * MemoryLayout<Float>.size))
        let key = digest.finalize()
        let cache = SingularValueCache.standard
        if let stored = cache.read(key, rows: rows, columns: columns) { return stored.sigma }
        let decomposition = try SingularValueDecomposition(weight.pointer, rows: rows, columns: columns, name: name)
        // The cache saves time and nothing else: a read-only disk must not stop the run.
        try? cache.write(decomposition, key, rows: rows, columns: columns)
        return decomposition.sigma
    }
}
