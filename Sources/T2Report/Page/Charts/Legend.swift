/// The names of a chart's lines, each beside a sample of its line, in as many rows as they need.
struct Legend {
    private let items: [(series: LineChart.Series, name: String, x: Double, row: Int)]
    private static let rowHeight = 18.0
    private static let sampleWidth = 26.0

    init(_ series: [LineChart.Series], width: Double) {
        var items: [(LineChart.Series, String, Double, Int)] = []
        var (x, row) = (0.0, 0)
        for entry in series {
            let name = Drawing.fitted(entry.name, width: width - Self.sampleWidth - 6)
            let length = Self.sampleWidth + 6 + Drawing.width(name)
            if x > 0 && x + length > width { (x, row) = (0, row + 1) }
            items.append((entry, name, x, row))
            x += length + 14
        }
        self.items = items
    }

    var height: Double { items.last.map { Double($0.row + 1) * Self.rowHeight } ?? 0 }

    func markup(x left: Double, y top: Double) -> Markup {
        .group(
            items.map { item in
                let (x, y) = (left + item.x, top + (Double(item.row) + 0.5) * Self.rowHeight)
                let style = SeriesStyle(slot: item.series.slot)
                return .group(
                    [style.path([(x: x, y: y), (x: x + Self.sampleWidth, y: y)])]
                        + (item.series.hasMarkers ? [style.marker(x: x + Self.sampleWidth / 2, y: y)] : [])
                        + [Drawing.label(item.name, x: x + Self.sampleWidth + 6, y: y + 4)])
            })
    }
}
