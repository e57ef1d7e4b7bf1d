import T2Core
import T2Report
import Testing

@Suite("MarkdownReport")
struct MarkdownReportTests {
    @Test("the tables of the seen tasks have these lines")
    func seenTasks() throws {
        var document = ReportDocument(title: "Results")
        document.seenTasks = SampleReport.full.seenTasks
        document.seenTasks?.comparisons.removeLast()
        let text = try MarkdownReport.text(document)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { $0.hasPrefix("|") }
        #expect(
            lines == [
                "| system | parameters trained | bytes a unit | gsm-mini | mbpp-mini | arc-mini |",
                "| :-- | --: | --: | --: | --: | --: |",
                "| base | – | – | 38.2 % (34.4–42.1) | 55.0 % (51.0–58.9) | 45.5 % (41.6–49.5) |",
                "| LoRA | 147,456 | 1.1 MiB | 85.2 % (82.1–87.8) | 90.0 % (87.3–92.2) | 86.5 % (83.5–89.0) |",
                "| SVF | 4,352 | 34.0 KiB | **87.5 %** (84.6–89.9) | **92.7 %** (90.3–94.5) | **87.3 %** (84.4–89.8) |",
                "| systems | task | difference | gained | lost | McNemar p | n |",
                "| :-- | :-- | --: | --: | --: | --: | --: |",
                "| SVF against LoRA | gsm-mini | +2.3 (−0.5 to +5.3) | 45 | 31 | 0.1354 | 600 |",
            ])
        #expect(text.contains("\n\nSeen tasks: accuracy, 95 % interval, n = 600 problems each:\n\n| system"))
    }

    @Test("cells show n if it differs between them, and a cell without a measurement is a dash")
    func counts() throws {
        let text = try MarkdownReport.text(SampleReport.full)
        #expect(text.contains("| transferred, shuffled | – | 41.0 % (37.1–45.0), n = 588 |"))
        #expect(text.contains("| few-shot | 16,000 | 56.7 % (52.7–60.6), n = 600 | 50.2 % (46.2–54.2), n = 600 | – |"))
    }

    @Test("every row of a table has as many cells as its header, whatever characters the names contain")
    func cells() throws {
        var document = SampleReport.full
        document.seenTasks?.systems[1].name = "a | b\nc \\| d"
        document.seenTasks?.comparisons[0].against = "a | b\nc \\| d"
        for part in try MarkdownReport.text(document).components(separatedBy: "\n\n") where part.hasPrefix("|") {
            let counts = part.split(separator: "\n").map { line in
                line.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" }
            }
            #expect(counts.count >= 3 && Set(counts).count == 1, "\(part)")
        }
    }

    @Test("special characters are escaped")
    func escaping() {
        #expect(
            MarkdownReport.escape("a*b_c <i> [x] `y` #1 & \\\n2") == "a\\*b\\_c \\<i\\> \\[x\\] \\`y\\` \\#1 \\& \\\\ 2"
        )
    }
}
