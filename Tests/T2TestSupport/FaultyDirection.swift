/// One direction of a link under a plan: counts its messages, and holds those that are to be overtaken.
struct FaultyDirection<Content: Sendable>: Sendable {
    enum Passage {
        /// These pass now, in this order: none, one or two, and then those that have been overtaken often enough.
        case now([Content])
        case later
        case cut
    }

    private struct Held: Sendable {
        let content: Content
        var behind: Int
    }

    private let plan: FaultPlan
    private let direction: FaultPlan.Direction
    private var count = 0
    private var held: [Held] = []
    /// How often each fate has occurred.
    private(set) var faults: [FaultPlan.Fate: Int] = [:]

    var holdsSome: Bool { !held.isEmpty }

    init(_ plan: FaultPlan, _ direction: FaultPlan.Direction) {
        self.plan = plan
        self.direction = direction
    }

    mutating func take(_ content: Content) -> Passage {
        let fate = plan.fate(of: count, direction)
        count += 1
        faults[fate, default: 0] += 1
        switch fate {
        case .drop: return .now([])
        case .duplicate: return .now([content, content] + overtaken())
        case .pass: return .now([content] + overtaken())
        case .hold(let behind):
            held.append(Held(content: content, behind: behind))
            return .later
        case .cut: return .cut
        }
    }

    /// Everything that is held.
    mutating func release() -> [Content] {
        defer { held = [] }
        return held.map(\.content)
    }

    /// One message has overtaken the held ones; those that are due come out.
    private mutating func overtaken() -> [Content] {
        for index in held.indices { held[index].behind -= 1 }
        defer { held.removeAll { $0.behind <= 0 } }
        return held.filter { $0.behind <= 0 }.map(\.content)
    }
}
