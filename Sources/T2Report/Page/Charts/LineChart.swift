/// Lines over a shared horizontal axis of whole numbers, with bands for the intervals of lines that have some.
package struct LineChart: Chart {
    /// A value and the interval around it, or nil if it has none.
    package typealias Point = (x: Int, y: Double, interval: ClosedRange<Double>?)

    package struct Series {
        let name: String
        /// The index of the colour in `SeriesColors`.
        let slot: Int
        /// The points in order of increasing x.
        let points: [Point]

        package init(name: String, slot: Int, points: [Point]) {
            self.name = name
            self.slot = slot
            self.points = points
        }

        /// Whether points are marked. Lines with more points have no markers.
        var hasMarkers: Bool { points.count <= 24 }
    }

    let title: String
    let xLabel: String
    /// What the lines show. It is used in the description only, since the title says it too.
    let yLabel: String
    let isPercent: Bool
    let series: [Series]

    package init(title: String, xLabel: String, yLabel: String, isPercent: Bool, series: [Series]) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.isPercent = isPercent
        self.series = series
    }

    private static let width = 480.0
    private static let plotHeight = 200.0

    package func image(id: String) -> Markup {
        let points = series.flatMap(\.points)
        let xTicks = AxisTicks(Self.range(points.map { Double($0.x) }), count: 6, whole: true)
        let yTicks = AxisTicks(Self.range(points.flatMap { [$0.y, $0.interval?.lowerBound, $0.interval?.upperBound] }))
        let yTexts = yTicks.values.map { text($0, yTicks) }
        let legend = Legend(series.filter { !$0.points.isEmpty }, width: Self.width - 12)
        let plot = PlotArea(
            left: 12 + (yTexts.map { Drawing.width($0) }.max() ?? 0), top: 38 + legend.height,
            width: Self.width, height: Self.plotHeight, xRange: xTicks.range, yRange: yTicks.range)
        var content = [
            Drawing.label(Drawing.fitted(title, width: Self.width - 8, size: 13), x: 4, y: 16, style: "title"),
            legend.markup(x: 4, y: 24),
        ]
        for (value, text) in zip(yTicks.values, yTexts) {
            content.append(Drawing.line(plot.left, plot.y(value), plot.right, plot.y(value), style: "grid"))
            content.append(Drawing.label(text, x: plot.left - 6, y: plot.y(value) + 4, .end))
        }
        for value in xTicks.values {
            content.append(Drawing.line(plot.x(value), plot.bottom, plot.x(value), plot.bottom + 4, style: "tick"))
            content.append(Drawing.label(NumberText.count(Int(value)), x: plot.x(value), y: plot.bottom + 18, .middle))
        }
        content.append(Drawing.line(plot.left, plot.bottom, plot.right, plot.bottom, style: "tick"))
        content.append(
            Drawing.label(xLabel, x: (plot.left + plot.right) / 2, y: plot.bottom + 36, .middle, style: "axis"))
        if points.isEmpty {
            content.append(
                Drawing.label(
                    "no values", x: (plot.left + plot.right) / 2, y: (plot.top + plot.bottom) / 2, .middle,
                    style: "axis"))
        }
        content += series.map { band($0, plot) } + series.map { line($0, plot) }
        return Drawing.image(
            id: id, title: title, description: description, width: Self.width, height: plot.bottom + 44, content)
    }

    private func line(_ series: Series, _ plot: PlotArea) -> Markup {
        let style = SeriesStyle(slot: series.slot)
        let points = series.points.map { (x: plot.x(Double($0.x)), y: plot.y($0.y)) }
        var parts = points.count > 1 ? [style.path(points)] : []
        if series.hasMarkers { parts += points.map { style.marker(x: $0.x, y: $0.y) } }
        return .group(parts)
    }

    private func band(_ series: Series, _ plot: PlotArea) -> Markup {
        let edges = series.points.compactMap { point in
            point.interval.map {
                (x: plot.x(Double(point.x)), low: plot.y($0.lowerBound), high: plot.y($0.upperBound))
            }
        }
        if edges.count == 1 {
            return Drawing.line(edges[0].x, edges[0].low, edges[0].x, edges[0].high, style: "line s\(series.slot)")
        }
        guard edges.count > 1 else { return .group([]) }
        let outline = edges.map { ($0.x, $0.high) } + edges.reversed().map { ($0.x, $0.low) }
        let text = outline.map { "\(Drawing.number($0.0)),\(Drawing.number($0.1))" }.joined(separator: " ")
        return .element("polygon", ["class": "band s\(series.slot)", "points": text])
    }

    private var description: String {
        let parts = series.map { series -> String in
            guard let first = series.points.first, let last = series.points.last else {
                return "\(series.name): no values."
            }
            return "\(series.name): \(valueText(first.y)) at \(xLabel) \(NumberText.count(first.x)), "
                + "\(valueText(last.y)) at \(NumberText.count(last.x))."
        }
        return "\(yLabel) by \(xLabel). " + parts.joined(separator: " ")
    }

    private func valueText(_ value: Double) -> String {
        isPercent ? NumberText.percent(value) : NumberText.fixed(value, 2)
    }

    private func text(_ value: Double, _ ticks: AxisTicks) -> String {
        isPercent
            ? NumberText.fixed(100 * value, max(0, ticks.decimals - 2)) + " %"
            : NumberText.fixed(value, ticks.decimals)
    }

    private static func range(_ values: [Double?]) -> ClosedRange<Double> {
        let values = values.compactMap { $0 }
        guard let low = values.min(), let high = values.max() else { return 0...1 }
        return low...high
    }
}
