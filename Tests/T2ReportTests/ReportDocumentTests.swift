import Foundation
import T2Core
import T2Report
import Testing

@Suite("ReportDocument")
struct ReportDocumentTests {
    @Test("its JSON reads back as it was, and is the same bytes each time")
    func roundTrip() throws {
        for document in [SampleReport.full, SampleReport.crowded, ReportDocument(title: "empty")] {
            let text = try document.json()
            let read = try ReportDocument(json: Data(text.utf8))
            #expect(read == document)
            #expect(try read.json() == text)
        }
    }

    @Test("keys are in snake case, names of tasks stay as they are")
    func keys() throws {
        let tasks = ["GSM8K_testSplit"]
        let document = ReportDocument(
            title: "t",
            [
                "seen_tasks": SampleReport.table(
                    tasks,
                    [SampleReport.system("SVF", SampleReport.cells(tasks, [1], of: 2), ["bytes_per_unit": 3])])
            ])
        let text = try document.json()
        #expect(text.contains("\"bytes_per_unit\" : 3") && text.contains("\"GSM8K_testSplit\" : {"))
        #expect(try ReportDocument(json: Data(text.utf8)) == document)
    }

    @Test("the same document gives the same page and the same tables, also after reading it")
    func deterministic() throws {
        let read = try ReportDocument(json: Data(try SampleReport.full.json().utf8))
        #expect(try HTMLReport.page(read) == HTMLReport.page(SampleReport.full))
        #expect(try MarkdownReport.text(read) == MarkdownReport.text(SampleReport.full))
    }

    /// A way to break a document, and the beginning of the error message for it.
    struct Damage: CustomTestStringConvertible, Sendable {
        let message: String
        let apply: @Sendable (inout ReportDocument) -> Void

        init(_ message: String, _ apply: @escaping @Sendable (inout ReportDocument) -> Void) {
            self.message = message
            self.apply = apply
        }

        var testDescription: String { message }
    }

    static let damages = [
        Damage("report: it has no title") { $0.title = "" },
        Damage("report: models: the model 'tiny' appears twice") { $0.models += [$0.models[0]] },
        Damage("report: seen_tasks: the system 'base' appears twice") { $0.seenTasks?.systems[1].name = "base" },
        Damage("report: seen_tasks: a task has no name") { $0.seenTasks?.tasks[0] = "" },
        Damage(
            "report: seen_tasks: base: 'gsm-mini' is not a task of this table, expected one of x, mbpp-mini, arc-mini"
        ) {
            $0.seenTasks?.tasks[0] = "x"
        },
        Damage("report: seen_tasks: SVF: parameters is -1, expected 0 or more") {
            $0.seenTasks?.systems[2].parameters = -1
        },
        Damage("report: unseen_tasks: comparisons: 'nobody' is not a system of this table") {
            $0.unseenTasks?.comparisons[0].against = "nobody"
        },
        Damage("report: dispatch: prompt: counts have rows of [4, 3, 4], expected 3 rows of 4") {
            $0.dispatch?.matrices[0].counts[1].removeLast()
        },
        Damage("report: dispatch: prompt: a count is -2, expected 0 or more") {
            $0.dispatch?.matrices[0].counts[1][1] = -2
        },
        Damage("report: contribution: math-mini: a coefficient is nan, expected a finite number") {
            $0.contribution?.tasks[0].coefficients[0] = .nan
        },
        Damage("report: contribution: math-mini: it has 2 coefficients, expected 3") {
            $0.contribution?.tasks[0].coefficients.removeLast()
        },
        Damage("report: learning: SVF on gsm-mini: a reward is nan, expected a finite number from -1.0 to 1.0") {
            $0.learning?.curves[0].rewards[3].reward = .nan
        },
        Damage("report: learning: SVF on gsm-mini: step 5 comes after 10, expected increasing numbers") {
            $0.learning?.curves[0].evaluations.swapAt(1, 2)
        },
        Damage("report: few_shot_methods: CEM on math-mini: a score is 1.5") {
            $0.fewShotMethods?.searches[0].points[0].score = 1.5
        },
    ]

    @Test("what cannot be shown is refused by section and name", arguments: damages)
    func damage(damage: Damage) throws {
        var document = SampleReport.full
        damage.apply(&document)
        let attempts: [() throws -> String] = [
            { try document.json() }, { try HTMLReport.page(document) }, { try MarkdownReport.text(document) },
        ]
        for attempt in attempts {
            let error = try #require(throws: InputError.self) { try attempt() }
            #expect(error.description.hasPrefix(damage.message) && error.exitStatus == .data)
        }
    }

    @Test("contradictory content is refused by its place")
    func contradictions() throws {
        let text = try SampleReport.full.json()
        for (old, new, message) in [
            ("t2-report-1", "t2-report-9", "r.json: format: found 't2-report-9', expected 't2-report-1'"),
            ("\"correct\" : 229", "\"correct\" : 230", "r.json: seen_tasks: base: gsm-mini: accuracy 0.38"),
            ("\"correct\" : 229", "\"correct\" : 601", "r.json: seen_tasks: base: gsm-mini: 601 of 600 are right"),
        ] {
            let document = try edited(text, old, new)
            let error = try #require(throws: InputError.self) { try document.check("r.json") }
            #expect(error.description.hasPrefix(message), "\(error.description)")
        }
        for (old, new) in [("\"only_first\" : 31", "\"only_first\" : -31"), ("\"title\"", "\"titel\""), ("{", "")] {
            #expect(throws: DecodingError.self) { try edited(text, old, new) }
        }
    }

    private func edited(_ text: String, _ old: String, _ new: String) throws -> ReportDocument {
        let range = try #require(text.range(of: old))
        return try ReportDocument(json: Data(text.replacingCharacters(in: range, with: new).utf8))
    }
}
