import HeapModule

/// Keys ordered by a changeable priority, lowest first: a binary heap with lazy deletion.
///
/// A changed or removed key leaves an outdated entry in the heap, which is dropped when it comes to the top. The heap is
/// rebuilt when it holds more than twice as many entries as there are keys.
///
/// Invariants:
/// - no two keys have the same priority;
/// - every key has an entry with its priority in the heap;
/// - the heap holds at most 2n + 32 entries for n keys.
///
/// - Cost: `set` and `remove` take O(log n), amortised; `first` takes O((k + 1) log n) for k keys that it skips,
///   amortised over the outdated entries.
struct PriorityIndex<Key: Hashable & Sendable, Priority: Comparable & Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let priority: Priority
        let key: Key

        static func < (a: Entry, b: Entry) -> Bool { a.priority < b.priority }
    }

    private var heap = Heap<Entry>()
    private(set) var priorities: [Key: Priority] = [:]

    var isEmpty: Bool { priorities.isEmpty }
    /// The number of entries in the heap. For tests.
    var isCompact: Bool { heap.count <= 2 * priorities.count + 32 }

    /// Whether some key's priority may fulfil a condition that, if it holds for a priority, holds for all lower ones.
    /// The answer may be wrong only if it is yes.
    func mayHold(_ isNear: (Priority) -> Bool) -> Bool { heap.min.map { isNear($0.priority) } ?? false }

    mutating func set(_ key: Key, _ priority: Priority) {
        guard priorities.updateValue(priority, forKey: key) != priority else { return }
        heap.insert(Entry(priority: priority, key: key))
        compact()
    }

    mutating func remove(_ key: Key) {
        if priorities.removeValue(forKey: key) != nil { compact() }
    }

    /// Moves the content out, so that the owner of the index can be read while the index is searched.
    mutating func take() -> Self {
        defer { self = Self() }
        return self
    }

    /// The first non-nil value of `body` for the keys with a near priority, in order.
    ///
    /// - Parameter isNear: if it holds for a priority, it holds for all lower ones.
    mutating func first<Answer>(
        while isNear: (Priority) -> Bool = { _ in true }, _ answer: (Key, Priority) -> Answer?
    ) -> Answer? {
        var passed: [Entry] = []
        defer { for entry in passed { heap.insert(entry) } }
        while let entry = heap.min {
            // A key that returned to an earlier priority has two equal entries.
            guard priorities[entry.key] == entry.priority, entry != passed.last else {
                heap.removeMin()
                continue
            }
            guard isNear(entry.priority) else { return nil }
            if let found = answer(entry.key, entry.priority) { return found }
            passed.append(heap.removeMin())
        }
        return nil
    }

    private mutating func compact() {
        guard !isCompact else { return }
        heap = Heap(priorities.map { Entry(priority: $1, key: $0) })
    }
}
