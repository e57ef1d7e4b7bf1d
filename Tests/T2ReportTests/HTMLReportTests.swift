import T2Core
import T2Report
import Testing

@Suite("HTMLReport")
struct HTMLReportTests {
    static let documents = [SampleReport.full, SampleReport.crowded, ReportDocument(title: "nothing")]

    @Test("the page is well-formed and refers to nothing outside itself", arguments: documents)
    func selfContained(document: ReportDocument) throws {
        let text = try HTMLReport.page(document)
        #expect(text.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        for reference in ["http:", "https:", "url(", "@import", "src="] { #expect(!text.contains(reference)) }
        let page = try ParsedMarkup(text)
        for name in ["script", "link", "img", "iframe", "object", "image", "use"] { #expect(page.all(name).isEmpty) }
        let identifiers = page.elements.compactMap { $0.attributes["id"] }
        #expect(Set(identifiers).count == identifiers.count)
        for link in page.all("a") {
            let target = try #require(link.attributes["href"])
            #expect(target.hasPrefix("#") && identifiers.contains(String(target.dropFirst())))
        }
        #expect(page.all("title").first?.text == document.title && page.all("h1").map(\.text) == [document.title])
    }

    @Test("a screen reader finds captions, scopes, titles and descriptions")
    func accessible() throws {
        let page = try ParsedMarkup(try HTMLReport.page(SampleReport.full))
        #expect(page.all("table").count == page.all("caption").count && page.all("table").count >= 10)
        #expect(page.all("th").allSatisfy { ["col", "row"].contains($0.attributes["scope"]) })
        #expect(page.all("caption").allSatisfy { !$0.text.isEmpty })
        #expect(page.all("figure").count == page.all("figcaption").count)
        let identifiers = Set(page.elements.compactMap { $0.attributes["id"] })
        for image in page.all("svg") {
            let named = try #require(image.attributes["aria-labelledby"]).split(separator: " ").map(String.init)
            #expect(named.count == 2 && named.allSatisfy(identifiers.contains))
        }
        let description = page.all("desc").first?.text
        #expect(description?.contains("gsm-mini: base 38.2 %, LoRA 85.2 %, SVF 87.5 %.") == true)
    }

    @Test("all sections appear in the order of the paper, and a partial report has only its own")
    func sections() throws {
        let full = try ParsedMarkup(try HTMLReport.page(SampleReport.full))
        let identifiers = full.all("h2").compactMap { $0.attributes["id"] }
        #expect(
            identifiers == [
                "seen-tasks", "unseen-tasks", "dispatch", "contribution", "transfer", "learning", "few-shot-methods",
            ])
        var partial = ReportDocument(title: "partial")
        partial.dispatch = SampleReport.full.dispatch
        let page = try ParsedMarkup(try HTMLReport.page(partial))
        #expect(page.all("h2").compactMap { $0.attributes["id"] } == ["dispatch"])
        #expect(page.all("nav").isEmpty && page.all("svg").count == 2)
    }

    @Test("cells show their numbers, and the best of a column is bold")
    func cells() throws {
        let page = try ParsedMarkup(try HTMLReport.page(SampleReport.full))
        let cells = page.all("td").map(\.text)
        for text in [
            "87.5 % (84.6–89.9)", "4,352", "34.0 KiB", "+49.3 (+45.0 to +53.5)", "< 0.0001",
            "98.7 % (98.1–99.1) n = 1,800",
        ] {
            #expect(cells.contains(text), "\(text)")
        }
        let best = page.all("strong").filter { $0.ancestors.contains("td") }.map(\.text)
        #expect(best.prefix(3) == ["87.5 %", "92.7 %", "87.3 %"])
    }

    @Test("an accuracy without judged problems is a dash without a bar, never 0 %")
    func nothingJudged() throws {
        let text = try HTMLReport.page(SampleReport.unjudged)
        let page = try ParsedMarkup(text)
        #expect(page.all("td").prefix(2).map(\.text) == ["–", "–"])
        #expect(!page.all("td").contains { $0.text.contains("0.0 %") })
        #expect(page.all("rect").allSatisfy { $0.attributes["class"]?.hasPrefix("bar") == false })
        #expect(!text.contains("nan"))
        _ = try MarkdownReport.text(SampleReport.unjudged)
    }
}
