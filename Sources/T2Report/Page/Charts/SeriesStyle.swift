import Foundation

/// The dashes and markers that tell lines apart in addition to their colours.
struct SeriesStyle {
    /// The index of the colour in `SeriesColors`.
    let slot: Int

    private static let dashes = ["", "7 3", "", "2 3", "9 3 2 3", "5 2", "1 2", "12 4"]

    func path(_ points: [(x: Double, y: Double)]) -> Markup {
        let text = points.enumerated().map { index, point in
            (index == 0 ? "M" : "L") + Drawing.number(point.x) + " " + Drawing.number(point.y)
        }
        let dash = Self.dashes[slot]
        return .element(
            name: "path",
            attributes: [("class", "line s\(slot)"), ("d", text.joined())]
                + (dash.isEmpty ? [] : [("stroke-dasharray", dash)]),
            children: [])
    }

    /// A square, triangle, circle or diamond.
    func marker(x: Double, y: Double) -> Markup {
        let n = Drawing.number
        let outline =
            switch slot % 4 {
            case 0: "M\(n(x - 3.2)) \(n(y - 3.2))h6.4v6.4h-6.4z"
            case 1: "M\(n(x)) \(n(y - 4.2))l4.2 7.4h-8.4z"
            case 2: "M\(n(x - 3.6)) \(n(y))a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0z"
            default: "M\(n(x)) \(n(y - 4.6))l4.6 4.6l-4.6 4.6l-4.6 -4.6z"
            }
        return .element("path", ["class": "mark s\(slot)", "d": outline])
    }
}
