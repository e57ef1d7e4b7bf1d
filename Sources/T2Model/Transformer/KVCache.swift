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

    private var slotSize: Int { heads * headSize * capacity }

    func keys(layer: Int, slot: Int) -> UnsafeMutablePointer<Float> { keys[layer].pointer + slot * slotSize }
    func values(layer: Int, slot: Int) -> UnsafeMutablePointer<Float> { values[layer].pointer + slot * slotSize }

    /// Stores the rotated keys and the values of consecutive positions.
    ///
    /// - Shapes: k, v [T, K·D].
    func store(layer: Int, slot: Int, position: Int, k: Matrix, v: Matrix) {
        precondition(position + k.rows <= capacity)
        let keyBase = keys(layer: layer, slot: slot)
        let valueBase = values(layer: layer, slot: slot)
        for head in 0..<heads {
            let columns = head * headSize..<(head + 1) * headSize
            t2_transpose(
                k.columns(columns).pointer, keyBase + head * headSize * capacity + position, k.rows, headSize, k.stride,
                capacity)
            for row in 0..<v.rows {
                (valueBase + (head * capacity + position + row) * headSize).update(
                    from: v.columns(columns).row(row), count: headSize)
            }
        }
    }

    /// Copies the first `positions` positions from `source` to `target`: a prompt read once serves its whole group.
    package func copy(from source: Int, to target: Int, positions: Int) {
        for layer in keys.indices {
            for row in 0..<heads * headSize {
                (keys(layer: layer, slot: target) + row * capacity).update(
                    from: keys(layer: layer, slot: source) + row * capacity, count: positions)
            }
            for head in 0..<heads {
                let offset = head * capacity * headSize
                (values(layer: layer, slot: target) + offset).update(
                    from: values(layer: layer, slot: source) + offset, count: positions * headSize)
            }
        }
    }
}
