/// Memory that grows to the largest requested count of values.
package final class GrowingMemory {
    private var memory: UnsafeMutableRawPointer?
    private var bytes = 0
    /// The number of values requested last.
    package private(set) var count = 0

    package init() {}

    /// The old content is kept as long as the memory does not grow.
    package func pointer<Value>(_ count: Int, of type: Value.Type) -> UnsafeMutablePointer<Value> {
        self.count = count
        let needed = max(64, count * MemoryLayout<Value>.stride)
        if bytes < needed {
            memory?.deallocate()
            bytes = needed + needed / 4
            memory = .allocate(byteCount: bytes, alignment: 64)
        }
        return memory!.assumingMemoryBound(to: type)
    }

    deinit { memory?.deallocate() }
}
