import T2Numerics
import Testing

@Suite("Memory of packed weights")
struct WeightMemoryTests {
    @Test("is aligned and shared with no other weights, small or larger than a piece")
    func isOwn() {
        let sizes = [1, 64, 100_000, 20 << 20, 3_000_001, 0, 16 << 20, 12 << 20, 5]
        let memories = sizes.map { WeightMemory(byteCount: $0) }
        for (index, (memory, size)) in zip(memories, sizes).enumerated() {
            #expect(Int(bitPattern: memory.start) % 64 == 0)
            memory.start.initializeMemory(as: UInt8.self, repeating: UInt8(index + 1), count: size)
        }
        for (index, (memory, size)) in zip(memories, sizes).enumerated() {
            let bytes = UnsafeRawBufferPointer(start: memory.start, count: size)
            #expect(bytes.first.map { $0 == UInt8(index + 1) } ?? true)
            #expect(bytes.last.map { $0 == UInt8(index + 1) } ?? true)
        }
    }

    @Test("that is given back is no other's loss")
    func isReturned() {
        let kept = WeightMemory(byteCount: 1 << 20)
        kept.start.initializeMemory(as: UInt8.self, repeating: 7, count: 1 << 20)
        for _ in 0..<50 {
            let memory = WeightMemory(byteCount: 9 << 20)
            memory.start.initializeMemory(as: UInt8.self, repeating: 1, count: 9 << 20)
        }
        #expect(UnsafeRawBufferPointer(start: kept.start, count: 1 << 20).allSatisfy { $0 == 7 })
    }
}
