/// One of eight colours for each name: the same one in every figure, as long as no figure would show a colour twice.
///
/// The colours stand out from their ground by a contrast of at least 3 to 1, and from each other by at least 24 CIE 1976 units,
/// also for readers with protanopia and deuteranopia (17 with tritanopia): proved by `SeriesColorsTests.palette`. The first is a
/// grey, for the base model.
struct SeriesColors {
    static let light = ["#80868f", "#d58102", "#0e5bb2", "#649962", "#6f1f66", "#7f5808", "#1a9cc9", "#6f2225"]
    static let lightGround = "#ffffff"
    static let dark = ["#8f96a1", "#e8a657", "#528aea", "#87c898", "#7e619c", "#9b6103", "#67c6f0", "#bd4c4f"]
    static let darkGround = "#15181d"
    static let count = light.count

    private var slotOfName: [String: Int] = [:]

    /// - Parameter names: in the order in which the report first shows them.
    init(_ names: [String]) {
        for name in names where slotOfName[name] == nil { slotOfName[name] = slotOfName.count % Self.count }
    }

    /// The slots of a figure's names. Names past the eighth share colours, and differ by dashes and labels alone.
    func slots(_ names: [String]) -> [Int] {
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
