import HeapModule

/// Keys in the order of a priority that may change, least first: a binary heap with lazy deletion.
///
/// A changed or removed key leaves an outdated entry in the heap, which is dropped when it comes to the top. The heap is
/// built anew when it holds more than twice as many entries as there are keys.
///
/// Invariants:
/// - every key has exactly one current entry in the heap;
/// - the heap holds at most 2n + 32 entries for n keys.
///
/// - Cost: `set` and `remove` take O(log n), amortised; `first` takes O((k + 1) log n) for k keys that it passes over,
///   amortised over the outdated entries.
struct PriorityIndex<Key: Hashable & Sendable, Priority: Comparable & Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let priority: Priority
        let stamp: UInt64
        let key: Key

        static func < (a: Entry, b: Entry) -> Bool { a.priority < b.priority }
        static func == (a: Entry, b: Entry) -> Bool { a.stamp == b.stamp }
    }

    private struct Current: Sendable {
        let priority: Priority
        let stamp: UInt64
    }

    private var heap = Heap<Entry>()
    private var current: [Key: Current] = [:]
    private var nextStamp: UInt64 = 0

    var isEmpty: Bool { current.isEmpty }
    var count: Int { current.count }
    /// For checks.
    var priorities: [Key: Priority] { current.mapValues(\.priority) }
    var isCompact: Bool { heap.count <= 2 * current.count + 32 }

    subscript(key: Key) -> Priority? { current[key]?.priority }

    /// Whether some key's priority may fulfil a condition that holds for all lower ones if it holds for one. Never a wrong no.
    func mayHold(_ isNear: (Priority) -> Bool) -> Bool { heap.min.map { isNear($0.priority) } ?? false }

    mutating func set(_ key: Key, _ priority: Priority) {
        if let known = current[key]?.priority, known == priority { return }
        nextStamp += 1
        current[key] = Current(priority: priority, stamp: nextStamp)
        heap.insert(Entry(priority: priority, stamp: nextStamp, key: key))
        compact()
    }

    mutating func remove(_ key: Key) {
        if current.removeValue(forKey: key) != nil { compact() }
    }

    /// The first key that fits, among those whose priority is near.
    ///
    /// - Parameter isNear: holds for all lower priorities if it holds for one.
    mutating func first(while isNear: (Priority) -> Bool = { _ in true }, where isFit: (Key) -> Bool) -> Key? {
        var passed: [Entry] = []
        defer { for entry in passed { heap.insert(entry) } }
        while let entry = heap.min {
            guard current[entry.key]?.stamp == entry.stamp else {
                heap.removeMin()
                continue
            }
            guard isNear(entry.priority) else { return nil }
            if isFit(entry.key) { return entry.key }
            passed.append(heap.removeMin())
        }
        return nil
    }

    /// Removes and returns the keys whose priority is near, in no order that means anything among equals.
    mutating func removeAll(while isNear: (Priority) -> Bool) -> [Key] {
        var removed: [Key] = []
        while let entry = heap.min, isNear(entry.priority) {
            heap.removeMin()
            guard current[entry.key]?.stamp == entry.stamp else { continue }
            current[entry.key] = nil
            removed.append(entry.key)
        }
        return removed
    }

    private mutating func compact() {
        guard !isCompact else { return }
        heap = Heap(current.map { Entry(priority: $1.priority, stamp: $1.stamp, key: $0) })
    }
}
