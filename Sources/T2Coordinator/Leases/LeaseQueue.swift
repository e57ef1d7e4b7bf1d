import DequeModule
import T2Core

/// The leases of one worker in the order of granting: the first ones are on its lanes, the others wait behind them.
///
/// A lease that waits and has no token yet can be moved to a worker that would idle.
///
/// Invariants:
/// - the leases on lanes are those with the lowest numbers, and as many as there are lanes if anything waits;
/// - `movable` counts the leases that wait and have not begun.
///
/// - Cost: every operation takes O(1), amortised; `lastMovable` passes over what has begun out of turn.
struct LeaseQueue: Sendable, Equatable {
    struct Held: Sendable, Equatable {
        let name: LeaseName
        var waits: Bool
        var hasBegun = false
    }

    let lanes: Int
    private(set) var held: [Int: Held] = [:]
    private(set) var movable = 0
    private var onLanes = 0
    /// Numbers of the leases that wait, in ascending order, among numbers that do not wait any more.
    private var line: Deque<Int> = []

    init(lanes: Int) { self.lanes = lanes }

    var isEmpty: Bool { held.isEmpty }
    var count: Int { held.count }

    /// - Returns: whether a lane is free for it.
    mutating func append(_ number: Int, _ name: LeaseName) -> Bool {
        let waits = onLanes >= lanes
        held[number] = Held(name: name, waits: waits)
        if waits {
            line.append(number)
            movable += 1
        } else {
            onLanes += 1
        }
        return !waits
    }

    /// The worker reports tokens of the lease.
    ///
    /// - Returns: whether it could have been moved until now.
    mutating func begin(_ number: Int) -> Bool {
        guard let lease = held[number], !lease.hasBegun else { return false }
        held[number]?.hasBegun = true
        if lease.waits { movable -= 1 }
        return lease.waits
    }

    /// - Returns: the lease that now has the free lane.
    mutating func remove(_ number: Int) -> LeaseName? {
        guard let lease = held.removeValue(forKey: number) else { return nil }
        guard !lease.waits else {
            if !lease.hasBegun { movable -= 1 }
            trim()
            return nil
        }
        onLanes -= 1
        while let next = line.popFirst() {
            guard let promoted = held[next] else { continue }
            held[next]?.waits = false
            onLanes += 1
            if !promoted.hasBegun { movable -= 1 }
            return promoted.name
        }
        return nil
    }

    /// The movable lease that was granted last.
    func lastMovable(where isFit: (LeaseName) -> Bool = { _ in true }) -> (number: Int, name: LeaseName)? {
        guard movable > 0 else { return nil }
        for number in line.reversed() {
            if let lease = held[number], !lease.hasBegun, isFit(lease.name) { return (number, lease.name) }
        }
        return nil
    }

    /// Drops numbers that do not wait any more: those at the end at once, those between when there are too many.
    private mutating func trim() {
        while let last = line.last, held[last] == nil { line.removeLast() }
        if line.count > 2 * held.count + 16 { line.removeAll { held[$0] == nil } }
    }
}
