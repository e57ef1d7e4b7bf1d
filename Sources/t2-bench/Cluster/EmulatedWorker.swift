import Foundation
import T2Core
import T2Transport

/// One emulated worker: the leases that it holds, the first of them on its lane, and the policies that it has.
struct EmulatedWorker {
    /// The number of policies kept, those of the last two steps.
    private static let keptPolicies = 2

    let name: String
    /// Whether the coordinator has not sent it home.
    var isHere = true
    /// The number of leases received since WELCOME.
    var received = 0
    var held: [Lease] = []
    /// The lease that is being computed.
    var lane: LeaseName?
    /// The times at which it began and is finished, and that of its next report or result.
    var (begun, finishes, due) = (0.0, Double.infinity, Double.infinity)
    private var policies: [Digest] = [Policy.baseDigest]
    /// The policies asked for, in order.
    private var awaited: [Digest] = []

    init(number: Int) { name = "emulated-\(number)" }

    /// The number in a worker's name.
    static func number(of name: Data) -> Int? {
        name.lastIndex(of: UInt8(ascii: "-")).flatMap { Int(String(decoding: name[($0 + 1)...], as: UTF8.self)) }
    }

    func has(_ wanted: [Digest]) -> Bool { wanted.allSatisfy(policies.contains) }

    /// - Returns: the policies to ask for: those that the worker neither has nor has asked for.
    mutating func request(_ wanted: [Digest]) -> [Digest] {
        let missing = wanted.filter { !policies.contains($0) && !awaited.contains($0) }
        awaited += missing
        return missing
    }

    /// Notes the answer to the first request; nil if there was none.
    mutating func takeAnswer() -> Digest? {
        guard !awaited.isEmpty else { return nil }
        let digest = awaited.removeFirst()
        policies.append(digest)
        // The base model's stays.
        if policies.count > 1 + Self.keptPolicies { policies.remove(at: 1) }
        return digest
    }

    /// - Returns: whether the worker held a lease of this unit.
    mutating func drop(_ unit: UnitKey) -> Bool {
        guard let index = held.firstIndex(where: { $0.unit == unit }) else { return false }
        if held[index].name == lane { lane = nil }
        held.remove(at: index)
        return true
    }
}
