/// The assignment of one of eight colours to each name. A name has the same colour in every figure, unless a figure
/// would then show a colour twice.
///
/// The colours have a contrast of at least 3 to 1 with their ground, and distances of at least 24 CIE 1976 units from
/// each other, also for readers with protanopia and deuteranopia (17 units with tritanopia); proved by
/// `SeriesColorsTests.palette`. The first colour is a grey, for the base model.
package struct SeriesColors {
    package static let light = ["#80868f", "#d58102", "#0e5bb2", "#649962", "#6f1f66", "#7f5808", "#1a9cc9", "#6f2225"]
    package static let lightGround = "#ffffff"
    package static let dark = ["#8f96a1", "#e8a657", "#528aea", "#87c898", "#7e619c", "#9b6103", "#67c6f0", "#bd4c4f"]
    package static let darkGround = "#15181d"
    package static let count = light.count

    private var slotOfName: [String: Int] = [:]

    /// - Parameter names: the names in the order in which the report first shows them.
    package init(_ names: [String]) {
        for name in names where slotOfName[name] == nil { slotOfName[name] = slotOfName.count % Self.count }
    }

    /// The indices of the colours for the names of a figure. From the ninth name on, names share colours and differ
    /// only by their labels.
    package func slots(_ names: [String]) -> [Int] {
        var free = Array(0..<Self.count)
        var slots = names.map { name -> Int? in
            guard let slot = slotOfName[name], let index = free.firstIndex(of: slot) else { return nil }
            return free.remove(at: index)
        }
        for index in slots.indices where slots[index] == nil {
            slots[index] = free.isEmpty ? index % Self.count : free.removeFirst()
        }
        return slots.compactMap { $0 }
    }
}
