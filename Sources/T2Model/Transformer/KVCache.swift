import CKernels
import T2Core
import T2Numerics

/// The keys and values of sequences in progress, one slot each.
///
/// Layout per layer and slot: keys [K, D, capacity] (positions innermost, so that scores vectorise over them), values
/// [K, capacity, D]. Invariant: a slot belongs to one sequence; positions are filled from 0 on.
package final class KVCache {
    package let slots: Int
    package let capacity: Int
    private let keys: [FloatBuffer]
    private let values: [FloatBuffer]
    private let heads: Int
    private let headSize: Int

    /// - Parameter capacity: the positions per slot, rounded up to a multiple of 16.
    package init(_ model: ModelConfiguration, slots: Int, capacity: Int) {
        self.slots = slots
        self.capacity = (capacity + 15) / 16 * 16
        heads = model.keyValueHeadCount
        headSize = model.headSize
        let count = slots * heads * headSize * self.capacity
        keys = (0..<model.layerCount).map { _ in FloatBuffer(count: count) }
        values = (0..<model.layerCount).map { _ in FloatBuffer(count: count) }
    }

    private func start(_ buffer: FloatBuffer, _ slot: Int, _ head: Int) -> UnsafeMutablePointer<Float> {
        buffer.pointer + (slot * heads + head) * headSize * capacity
    }

    /// The keys of a slot and head, [D, capacity].
    func keys(layer: Int, slot: Int, head: Int) -> Matrix {
        Matrix(pointer: start(keys[layer], slot, head), rows: headSize, columns: capacity, stride: capacity)
    }

    /// The values of a slot and head, [capacity, D].
    func values(layer: Int, slot: Int, head: Int) -> Matrix {
        Matrix(pointer: start(values[layer], slot, head), rows: capacity, columns: headSize, stride: headSize)
    }

    /// Stores one head's rotated keys, and its values, of consecutive positions.
    ///
    /// - Shapes: k, v [L, D].
    func store(layer: Int, slot: Int, head: Int, position: Int, k: Matrix, v: Matrix) {
        precondition(position + k.rows <= capacity)
        t2_transpose(
            k.pointer, keys(layer: layer, slot: slot, head: head).pointer + position, k.rows, headSize, k.stride,
            capacity)
        values(layer: layer, slot: slot, head: head).rows(position..<position + v.rows).copy(from: v)
    }

    /// Copies the first `positions` positions from `source` to `target`: a prompt read once serves its whole group.
    package func copy(from source: Int, to target: Int, positions: Int) {
        for layer in keys.indices {
            for head in 0..<heads {
                keys(layer: layer, slot: target, head: head).columns(0..<positions)
                    .copy(from: keys(layer: layer, slot: source, head: head).columns(0..<positions))
                values(layer: layer, slot: target, head: head).rows(0..<positions)
                    .copy(from: values(layer: layer, slot: source, head: head).rows(0..<positions))
            }
        }
    }
}
