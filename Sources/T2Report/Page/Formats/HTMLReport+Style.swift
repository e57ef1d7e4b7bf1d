extension HTMLReport {
    /// The style sheet. It contains neither `<` nor `&`, so that HTML and XML read it alike.
    static let styleSheet = """

        :root {
          color-scheme: light dark;
          --ground: \(SeriesColors.lightGround); --panel: #f7f8fa; --text: #1b1f24; --quiet: #59616b; --rule: #d8dde3;
          --accent: #0e5bb2; --grid: #e6e9ed; --heat: \(HeatMap.lightColor); --on-light: #000000; --on-dark: #ffffff; --whisker: #1b1f24;
          \(seriesColors(SeriesColors.light))
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: \(SeriesColors.darkGround); --panel: #1c2026; --text: #e6e9ed; --quiet: #a3abb5; --rule: #343a43;
            --accent: #7cb4ff; --grid: #2a2f37; --heat: \(HeatMap.darkColor); --on-light: #ffffff; --on-dark: #000000; --whisker: #ffffff;
            \(seriesColors(SeriesColors.dark))
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 64rem; background: var(--ground); color: var(--text);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        }
        h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 0.75rem; text-wrap: balance; }
        h2 { font-size: 1.3rem; line-height: 1.3; letter-spacing: -0.01em; margin: 0 0 0.5rem; scroll-margin-top: 1rem; }
        p { margin: 0 0 0.75rem; max-width: 44rem; }
        a { color: var(--accent); text-underline-offset: 0.15em; }
        code { font: 0.85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
        header dl { margin: 1.25rem 0 0; padding: 0.9rem 1.1rem; background: var(--panel); border-radius: 0.5rem; }
        header dl div { display: grid; grid-template-columns: 11rem 1fr; gap: 1rem; padding: 0.15rem 0; }
        dt { color: var(--quiet); }
        dd { margin: 0; font-variant-numeric: tabular-nums; }
        nav { margin: 1.5rem 0 0; font-size: 0.95rem; }
        nav ol { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
        section, footer { margin-top: 2.75rem; padding-top: 1.75rem; border-top: 1px solid var(--rule); }
        footer { color: var(--quiet); font-size: 0.92rem; }
        footer h2 { font-size: 1.05rem; color: var(--text); }
        .scroll { overflow-x: auto; margin: 1.25rem 0; }
        .scroll:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums lining-nums; }
        caption { caption-side: top; text-align: left; color: var(--quiet); padding: 0 0 0.5rem; }
        th, td { padding: 0.42rem 0 0.42rem 1.75rem; vertical-align: baseline; text-align: left; white-space: nowrap; }
        th:first-child, td:first-child { padding-left: 0.25rem; }
        th:last-child, td:last-child { padding-right: 0.25rem; }
        thead th { font-weight: 600; border-bottom: 1.5px solid var(--text); }
        tbody th { font-weight: 500; }
        tbody tr + tr th, tbody tr + tr td { border-top: 1px solid var(--rule); }
        tbody tr:last-child th, tbody tr:last-child td { border-bottom: 1px solid var(--rule); }
        .numeric { text-align: right; }
        .interval { color: var(--quiet); }
        .note { display: block; color: var(--quiet); font-size: 0.85em; line-height: 1.3; }
        details { margin: 0.75rem 0; }
        summary { color: var(--quiet); font-size: 0.92rem; cursor: pointer; }
        figure { margin: 1.5rem 0; }
        figcaption { color: var(--quiet); font-size: 0.92rem; margin-top: 0.6rem; }
        .charts { display: flex; flex-wrap: wrap; gap: 1.5rem 2rem; align-items: flex-start; }
        svg { display: block; flex: 1 1 22rem; width: 100%; height: auto; min-width: 0; overflow: visible; }
        svg text { font-family: inherit; font-variant-numeric: tabular-nums; fill: var(--text); font-size: 12px; }
        svg .title { font-size: 13px; font-weight: 600; }
        svg .group, svg .number { font-weight: 600; }
        svg .axis, svg .label, svg .detail { fill: var(--quiet); }
        svg .detail { font-size: 11px; }
        svg .number, svg .detail { fill: var(--on-light); }
        svg .number.on-dark, svg .detail.on-dark { fill: var(--on-dark); }
        .grid { stroke: var(--grid); }
        .tick { stroke: var(--quiet); }
        .whisker { stroke: var(--whisker); stroke-width: 1.25; }
        .halo { stroke: var(--ground); stroke-width: 3.5; }
        .cell-ground { fill: var(--ground); stroke: var(--rule); }
        .cell { fill: var(--heat); }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        .band { fill-opacity: 0.14; }
        .mark { stroke: var(--ground); stroke-width: 1; }
        \(seriesRules)
        @media print {
          :root {
            color-scheme: light;
            --ground: #ffffff; --panel: #ffffff; --text: #000000; --quiet: #444444; --rule: #bbbbbb; --accent: #000000;
            --grid: #dddddd; --heat: \(HeatMap.lightColor); --on-light: #000000; --on-dark: #ffffff; --whisker: #000000;
            \(seriesColors(SeriesColors.light))
          }
          body { max-width: none; padding: 0; font-size: 10pt; }
          nav { display: none; }
          h2 { break-after: avoid; }
          figure, svg, tr, caption { break-inside: avoid; }
          .scroll { overflow: visible; }
          svg * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }

        """

    private static func seriesColors(_ colors: [String]) -> String {
        colors.enumerated().map { "--s\($0): \($1);" }.joined(separator: " ")
    }

    /// The rules that give each series its colour, for strokes and for fills.
    private static let seriesRules = (0..<SeriesColors.count).map { slot in
        ".line.s\(slot) { stroke: var(--s\(slot)); } "
            + ".bar.s\(slot), .band.s\(slot), .mark.s\(slot) { fill: var(--s\(slot)); }"
    }.joined(separator: "\n")
}
