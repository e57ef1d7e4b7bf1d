/// A report as one HTML page that needs no scripts, fonts, images or network.
package enum HTMLReport {
    /// The text of the page.
    ///
    /// - Throws: `InputError` if the document cannot be shown.
    package static func page(_ document: ReportDocument) throws -> String {
        try document.check()
        let sections = ReportSection.all(of: document)
        let page = Markup.element(
            "html", ["lang": "en"],
            [
                .element(
                    "head", [:],
                    [
                        .element("meta", ["charset": "utf-8"]),
                        .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                        .element("meta", ["name": "color-scheme", "content": "light dark"]),
                        .element("title", text: document.title), .element("style", [:], [.verbatim(styleSheet)]),
                    ]),
                .element(
                    "body", [:],
                    [
                        header(document), contents(sections),
                        .element("main", [:], sections.map(markup)), explanation,
                    ]),
            ])
        return "<!DOCTYPE html>\n" + page.serialized
    }

    private static func header(_ document: ReportDocument) -> Markup {
        let models = document.models.map { model in
            fact(
                "base model",
                [.element("strong", text: model.name), .text(" "), .element("code", text: model.digest)]
                    + (model.detail.map { [.text(" " + $0)] } ?? []))
        }
        let facts = document.facts.map { fact($0.name, [.text($0.value)]) }
        return .element(
            "header", [:],
            [.element("h1", text: document.title)] + document.summary.map { .element("p", text: $0) }
                + (models.isEmpty && facts.isEmpty ? [] : [.element("dl", [:], models + facts)]))
    }

    private static func fact(_ name: String, _ value: [Markup]) -> Markup {
        .element("div", [:], [.element("dt", text: name), .element("dd", [:], value)])
    }

    private static func contents(_ sections: [ReportSection]) -> Markup {
        guard sections.count > 1 else { return .group([]) }
        return .element(
            "nav", ["aria-label": "Contents"],
            [
                .element(
                    "ol", [:],
                    sections.map { .element("li", [:], [.element("a", ["href": "#\($0.id)"], text: $0.title)]) })
            ])
    }

    private static func markup(_ section: ReportSection) -> Markup {
        let heading = Markup.element("h2", ["id": section.id], text: section.title)
        let blocks = section.blocks.enumerated().map { index, block -> Markup in
            switch block {
            case .table(let table): markup(table)
            case .figure(let caption, let charts):
                .element(
                    "figure", [:],
                    [
                        .element(
                            "div", ["class": "charts"],
                            charts.enumerated().map { $0.element.image(id: "\(section.id)-\(index)-\($0.offset)") }),
                        .element("figcaption", text: caption),
                    ])
            }
        }
        return .element(
            "section", ["aria-labelledby": section.id],
            [heading] + section.paragraphs.map { .element("p", text: $0) } + blocks)
    }

    private static func markup(_ table: ReportTable) -> Markup {
        let header = table.columns.map { column in
            Markup.element("th", ["scope": "col", "class": column.isNumeric ? "numeric" : "name"], text: column.title)
        }
        let rows = table.rows.map { row in
            Markup.element(
                "tr", [:],
                zip(table.columns, row).enumerated().map { index, pair in
                    let (column, cell) = pair
                    return index == 0
                        ? .element("th", ["scope": "row", "class": "name"], content(cell))
                        : .element("td", ["class": column.isNumeric ? "numeric" : "name"], content(cell))
                })
        }
        // A wide table scrolls on its own, also by keyboard.
        let scrolled = Markup.element(
            "div", ["class": "scroll", "role": "region", "tabindex": "0", "aria-label": table.caption],
            [
                .element(
                    "table", [:],
                    [
                        .element("caption", text: table.caption),
                        .element("thead", [:], [.element("tr", [:], header)]), .element("tbody", [:], rows),
                    ])
            ])
        guard table.isFolded else { return scrolled }
        return .element("details", [:], [.element("summary", text: "As a table. \(table.caption)"), scrolled])
    }

    private static func content(_ cell: ReportTable.Cell) -> [Markup] {
        var parts: [Markup] = [cell.isBest ? .element("strong", text: cell.text) : .text(cell.text)]
        if let interval = cell.interval {
            parts += [.text(" "), .element("span", ["class": "interval"], text: interval)]
        }
        for note in cell.notes { parts += [.text(" "), .element("span", ["class": "note"], text: note)] }
        return parts
    }

    private static let explanation = Markup.element(
        "footer", [:],
        [
            .element("h2", text: "How to read the numbers"),
            .element(
                "p",
                text:
                    "Intervals of accuracies are Wilson's score intervals at 95 % (Wilson 1927). Bold is the highest accuracy of "
                    + "a column, whether or not it differs beyond chance. A problem whose reward could not be computed is in "
                    + "no accuracy."),
            .element(
                "p",
                text:
                    "A paired comparison looks at the problems that one system answers right and the other does not: gained are "
                    + "those that only the first-named answers right, lost those that only the second does. The difference is "
                    + "the first-named system's accuracy less the second's, with Tango's score interval for paired "
                    + "proportions (Tango 1998); p is McNemar's exact test, two-sided (McNemar 1947). No "
                    + "correction is made for the number of comparisons."),
        ])
}
