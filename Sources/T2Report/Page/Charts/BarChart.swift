/// Groups of horizontal bars that start at zero. Each bar has a name, a number and optionally an interval.
///
/// Names are beside their bars, so that any number of bars fits and readers need no legend.
package struct BarChart: Chart {
    package struct Bar {
        let name: String
        /// The index of the colour in `SeriesColors`.
        let slot: Int
        /// The value, or nil if nothing was measured.
        let value: Double?
        let interval: ClosedRange<Double>?
        /// The text beside the bar.
        let text: String

        package init(name: String, slot: Int, value: Double?, interval: ClosedRange<Double>?, text: String) {
            self.name = name
            self.slot = slot
            self.value = value
            self.interval = interval
            self.text = text
        }
    }

    let title: String
    let isPercent: Bool
    let groups: [(name: String, bars: [Bar])]

    package init(title: String, isPercent: Bool, groups: [(name: String, bars: [Bar])]) {
        self.title = title
        self.isPercent = isPercent
        self.groups = groups
    }

    private static let width = 640.0
    private static let rowHeight = 20.0
    private static let barHeight = 13.0
    private static let groupGap = 12.0
    private static let top = 30.0

    package func image(id: String) -> Markup {
        let bars = groups.flatMap(\.bars)
        let labelWidth = min(220, (bars.map { Drawing.width($0.name) }.max() ?? 0) + 14)
        let textWidth = (bars.map { Drawing.width($0.text) }.max() ?? 0) + 10
        let ticks = AxisTicks(isPercent ? 0...1 : range(bars), count: 6)
        let rows = Double(bars.count) * Self.rowHeight + Double(groups.count) * (Self.rowHeight + Self.groupGap)
        let plot = PlotArea(
            left: labelWidth, top: Self.top, width: Self.width - textWidth, height: rows, xRange: ticks.range,
            yRange: 0...1)
        var content = [
            Drawing.label(Drawing.fitted(title, width: Self.width - 12, size: 13), x: 4, y: 16, style: "title")
        ]
        for value in ticks.values {
            let text =
                isPercent ? NumberText.fixed(100 * value, 0) + " %" : NumberText.fixed(value, ticks.decimals)
            content.append(Drawing.label(text, x: plot.x(value), y: plot.bottom + 10, .middle))
        }
        var y = Self.top + 2
        for group in groups {
            content.append(
                Drawing.label(
                    Drawing.fitted(group.name, width: Self.width - 12), x: 4, y: y + Self.rowHeight - 6, style: "group")
            )
            y += Self.rowHeight
            // The grid is drawn only beside the bars, clear of the group's name.
            let end = y + Double(group.bars.count) * Self.rowHeight
            content += ticks.values.map {
                Drawing.line(plot.x($0), y, plot.x($0), end, style: $0 == 0 ? "tick" : "grid")
            }
            for bar in group.bars {
                content += markup(bar, y: y, plot)
                y += Self.rowHeight
            }
            y += Self.groupGap
        }
        return Drawing.image(
            id: id, title: title, description: description, width: Self.width, height: plot.bottom + 20, content)
    }

    private func markup(_ bar: Bar, y: Double, _ plot: PlotArea) -> [Markup] {
        let middle = y + Self.rowHeight / 2
        var parts = [
            Drawing.label(Drawing.fitted(bar.name, width: plot.left - 12), x: plot.left - 8, y: middle + 4, .end),
            Drawing.label(bar.text, x: Self.width - 4, y: middle + 4, .end, style: "value"),
        ]
        guard let value = bar.value else { return parts }
        let (low, high) = (min(plot.x(0), plot.x(value)), max(plot.x(0), plot.x(value)))
        parts.append(
            Drawing.rectangle(
                x: low, y: middle - Self.barHeight / 2, width: high - low, height: Self.barHeight,
                style: "bar s\(bar.slot)", radius: 1.5))
        if let interval = bar.interval {
            let ends = [plot.x(interval.lowerBound), plot.x(interval.upperBound)]
            // A rim in the colour of the ground makes the interval visible on bars of any colour.
            for style in ["halo", "whisker"] {
                parts.append(Drawing.line(ends[0], middle, ends[1], middle, style: style))
                parts += ends.map { Drawing.line($0, middle - 3.5, $0, middle + 3.5, style: style) }
            }
        }
        return parts
    }

    private var description: String {
        groups.map { group in
            "\(group.name): " + group.bars.map { "\($0.name) \($0.text)" }.joined(separator: ", ") + "."
        }.joined(separator: " ")
    }

    private func range(_ bars: [Bar]) -> ClosedRange<Double> {
        let values = bars.flatMap { [$0.value, $0.interval?.lowerBound, $0.interval?.upperBound] }.compactMap { $0 }
        return min(0, values.min() ?? 0)...max(0, values.max() ?? 0)
    }
}
