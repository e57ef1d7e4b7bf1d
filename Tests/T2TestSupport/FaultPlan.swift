import T2Core
import T2Transport

/// The fate of each message of a worker's connection, which follows from a seed: the n-th message of a direction always has
/// the same fate.
package struct FaultPlan: Sendable, Equatable {
    package enum Direction: Int, Sendable {
        case toCoordinator
        case toWorker
    }

    package enum Fate: Sendable, Hashable {
        case pass
        case drop
        case duplicate
        /// This many later messages overtake it.
        case hold(behind: Int)
        /// The worker, or the coordinator, vanishes: its transport closes without BYE.
        case cut
    }

    package var seed: UInt64
    /// The probabilities of the faults; all other messages pass.
    package var drop = 0.0
    package var duplicate = 0.0
    package var hold = 0.0
    /// The index of the message to the coordinator at which its sender vanishes, or the coordinator if the plan is its.
    package var cutAt: Int?

    package init(seed: UInt64, drop: Double = 0, duplicate: Double = 0, hold: Double = 0, cutAt: Int? = nil) {
        precondition(drop >= 0 && duplicate >= 0 && hold >= 0 && drop + duplicate + hold <= 1)
        self.seed = seed
        self.drop = drop
        self.duplicate = duplicate
        self.hold = hold
        self.cutAt = cutAt
    }

    package func fate(of number: Int, _ direction: Direction) -> Fate {
        if direction == .toCoordinator, let cutAt, number >= cutAt { return .cut }
        var random = SeededRandom(seed: seed, step: direction.rawValue, problem: number)
        let draw = random.nextUniform()
        if draw < drop { return .drop }
        if draw < drop + duplicate { return .duplicate }
        if draw < drop + duplicate + hold { return .hold(behind: 1 + Int(random.next32() % 3)) }
        return .pass
    }

    /// The plan of one link among several; nothing is cut.
    package func own(of link: [UInt8]) -> FaultPlan {
        var own = self
        own.cutAt = nil
        // FNV-1a.
        own.seed = link.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return own
    }

    /// A held message that nothing overtakes passes after this time.
    static let longestHold: Duration = .milliseconds(2)
    /// A deadline that has passed on any clock: takes what is there already.
    static var longAgo: ContinuousClock.Instant { .now - .seconds(1 << 30) }
}
