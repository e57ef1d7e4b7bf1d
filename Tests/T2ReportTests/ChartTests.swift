import Foundation
import T2Report
import Testing

@Suite("Charts")
struct ChartTests {
    typealias Point = LineChart.Point

    @Test(
        "lines with few, equal or extreme values are drawn",
        arguments: [
            [], [[]], [[(3, 0.5, nil)]], [[(3, 0.5, 0.5...0.5)]],
            [[(0, 0, nil), (1, 0, nil)]],
            [[(5, 1, 0.9...1), (9, 1, 0.9...1)]],
            [[], [(0, -1, nil), (1_000_000, 1, nil)]], [[(0, 1e12, nil), (1, -1e12, nil)]],
        ])
    func lines(series: [[Point]]) throws {
        for isPercent in [true, false] {
            let chart = LineChart(
                title: "t", xLabel: "x", yLabel: "y", isPercent: isPercent,
                series: series.enumerated().map { .init(name: "line \($0)", slot: $0, points: $1) })
            let image = try check(chart)
            // Each point has a marker, and so has the legend for each line with points.
            let marks = image.all("path").filter { $0.attributes["class"]?.hasPrefix("mark") == true }.count
            #expect(marks == series.reduce(0) { $0 + $1.count } + series.count { !$0.isEmpty })
            // A single interval is drawn as a line, several as a band.
            let intervals = series.map { $0.count { $0.interval != nil } }
            let whiskers = image.all("line").count { $0.attributes["class"]?.hasPrefix("line") == true }
            #expect(whiskers == intervals.count { $0 == 1 })
            #expect(image.all("polygon").count == intervals.count { $0 > 1 })
            #expect(image.all("text").contains { $0.text == "no values" } == series.allSatisfy(\.isEmpty))
        }
    }

    @Test("the points of a line are at the positions of their values")
    func positions() throws {
        let chart = LineChart(
            title: "t", xLabel: "x", yLabel: "y", isPercent: false,
            series: [.init(name: "a", slot: 0, points: [(0, 0, nil), (10, 1, nil), (20, 0.5, nil)])])
        let image = try check(chart)
        let path = try #require(image.all("path").last { $0.attributes["class"] == "line s0" }?.attributes["d"])
        let numbers = try path.split { "ML ".contains($0) }.map { try #require(Double($0)) }
        #expect(numbers.count == 6)
        #expect(abs((numbers[2] - numbers[0]) - (numbers[4] - numbers[2])) < 0.02)
        // In SVG, y decreases upwards: it falls by 1 from the first point to the second, then rises by half of that.
        #expect(abs((numbers[1] - numbers[3]) - 2 * (numbers[5] - numbers[3])) < 0.03)
        #expect(numbers[3] < numbers[5] && numbers[5] < numbers[1])
    }

    @Test("bars without a value, of zero, below zero and alone are drawn", arguments: [true, false])
    func bars(isPercent: Bool) throws {
        for values in [[nil], [0], [-0.5, 0.25], [nil, 1], [0.3, 0.3, 0.3], []] as [[Double?]] {
            let bars = values.enumerated().map { index, value in
                BarChart.Bar(
                    name: "bar \(index)", slot: index, value: value, interval: value.map { $0...($0 + 0.1) },
                    text: value.map { "\($0)" } ?? "–")
            }
            let chart = BarChart(title: "t", isPercent: isPercent, groups: [("group", bars)])
            let image = try check(chart)
            #expect(image.all("rect").count == values.count { $0 != nil })
        }
        _ = try check(BarChart(title: "t", isPercent: isPercent, groups: []))
    }

    @Test("bars start at zero, and their lengths are proportional to their values")
    func barLengths() throws {
        let bars = [0.2, 0.4, -0.4].enumerated().map { index, value in
            BarChart.Bar(name: "\(index)", slot: index, value: value, interval: nil, text: NumberText.fixed(value, 1))
        }
        let image = try check(BarChart(title: "t", isPercent: false, groups: [("g", bars)]))
        let rectangles = try image.all("rect").map { rectangle in
            try ["x", "width"].map { try #require(Double(rectangle.attributes[$0] ?? "")) }
        }
        #expect(abs(rectangles[1][1] - 2 * rectangles[0][1]) < 0.05)
        #expect(rectangles[0][0] == rectangles[1][0])
        #expect(abs(rectangles[2][0] + rectangles[2][1] - rectangles[0][0]) < 0.02)
    }

    @Test("the text of a heat map's cell has enough contrast at every share, on both grounds")
    func heatMapContrast() throws {
        for (ground, color, text, textOnDark) in [
            (SeriesColors.lightGround, HeatMap.lightColor, "#000000", "#ffffff"),
            (SeriesColors.darkGround, HeatMap.darkColor, "#ffffff", "#000000"),
        ] {
            for percent in 0...100 {
                let share = Double(percent) / 100
                let cell = try #require(SeenColor(mixing: ground, color, share: share))
                let ink = try #require(SeenColor(share >= HeatMap.darkShare ? textOnDark : text))
                #expect(ink.contrast(to: cell) >= 4, "\(ground), \(percent) %")
            }
        }
        let dark = Int(100 * HeatMap.darkShare)
        let chart = try heatMap(2, 2, name: "n") { row, column in column == 0 ? dark - row : 100 - dark + row }
        let styles = try check(chart).all("text").compactMap { $0.attributes["class"] }.filter { $0 != "label" }
        let expected = ["number on-dark", "detail on-dark", "number", "detail", "number", "detail", "number", "detail"]
        #expect(styles.suffix(8) == expected[...])
    }

    @Test("heat maps without cells, with one cell and with zeros are drawn")
    func heatMaps() throws {
        for (rows, columns) in [(0, 0), (1, 1), (3, 4)] {
            let image = try check(heatMap(rows, columns, name: "n") { _, _ in 0 })
            #expect(image.all("rect").count == 2 * rows * columns)
        }
    }

    @Test(
        "no labels overlap: eight rows and columns, short names and long",
        arguments: ["c", "category", "a rather long name of a category"])
    func overlaps(name: String) throws {
        try requireApart(try check(heatMap(8, 8, name: name) { _, _ in 16_454_008 }))
        let bars = (0..<8).map {
            BarChart.Bar(name: "\(name) \($0)", slot: $0, value: 1, interval: 0.9...1, text: "100.0 %")
        }
        let groups = (1...8).map { (name: "\(name) \($0)", bars: bars) }
        try requireApart(try check(BarChart(title: "title", isPercent: true, groups: groups)))
        let series = (0..<8).map {
            LineChart.Series(name: "\(name) \($0)", slot: $0, points: [(0, 0, nil), (1_000_000, 1, nil)])
        }
        try requireApart(
            try check(LineChart(title: "title", xLabel: "step", yLabel: "y", isPercent: true, series: series)))
    }

    private func heatMap(
        _ rows: Int, _ columns: Int, name: String, count: (_ row: Int, _ column: Int) -> Int
    ) throws -> HeatMap {
        let matrix: JSON = [
            "name": "title", "categories": (0..<rows).map { "\(name) \($0)" },
            "decisions": (0..<columns).map { "\(name) \($0)" },
            "counts": (0..<rows).map { row in (0..<columns).map { count(row, $0) } },
        ]
        let content = try JSONSerialization.data(withJSONObject: matrix)
        return HeatMap(try JSONDecoder().decode(ConfusionMatrix.self, from: content))
    }

    /// Checks that a chart is well-formed, has a title and a description, and contains only finite numbers.
    private func check(_ chart: any Chart) throws -> ParsedMarkup {
        let text = chart.image(id: "i").serialized
        #expect(!text.contains("nan") && !text.contains("inf"))
        let image = try ParsedMarkup(text)
        let root = try #require(image.elements.first)
        #expect(root.name == "svg" && root.attributes["aria-labelledby"] == "i-title i-description")
        #expect(image.all("title").first?.attributes["id"] == "i-title")
        #expect(image.all("desc").first?.attributes["id"] == "i-description")
        return image
    }

    /// Checks that no two texts overlap, as far as their widths can be estimated.
    private func requireApart(_ image: ParsedMarkup) throws {
        let boxes = try image.all("text").map { element -> (text: String, x: ClosedRange<Double>, y: Double) in
            let x = try #require(Double(element.attributes["x"] ?? ""))
            let y = try #require(Double(element.attributes["y"] ?? ""))
            // The estimate is wider than what fonts draw.
            let width = 0.9 * Drawing.width(element.text)
            let left: Double
            switch element.attributes["text-anchor"] {
            case "end": left = x - width
            case "middle": left = x - width / 2
            default: left = x
            }
            return (element.text, left...(left + width), y)
        }
        for (index, one) in boxes.enumerated() {
            for other in boxes[(index + 1)...] where abs(one.y - other.y) < 11 {
                #expect(!one.x.overlaps(other.x), "'\(one.text)' and '\(other.text)'")
            }
        }
    }
}
