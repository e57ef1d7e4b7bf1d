import Foundation
import T2Coordinator
import T2Core
import Testing

struct RunSummaryTests {
    @Test(
        "a path in a command can be pasted",
        arguments: [
            ("-dash/a", "./-dash/a"), ("a b", "'a b'"), ("-a b", "'./-a b'"), ("100%", "'100%'"), ("runs/x", "runs/x"),
        ])
    func quoted(path: String, written: String) { #expect(RunSummary.quoted(path) == written) }

    @Test("the summary says what was gained and gives a command that a shell takes as it is")
    func lines() throws {
        let folder = try TestRun.Folder()
        let run = try RunFolder(path: folder.run, resume: false)
        var configuration = TestRun.configuration()
        configuration.model = "/my models/base"
        configuration.data = "/my models/data"
        let summary = RunSummary(
            steps: 30, endedEarly: false, base: AccuracyInterval(correct: 110, count: 200),
            best: AccuracyInterval(correct: 161, count: 200), bestStep: 20)
        let text = summary.lines(folder: run, configuration: configuration).joined(separator: "\n")
        #expect(text.contains("base  55.0 % (110 of 200"))
        #expect(text.contains("at step 20, +25.5 points"))
        #expect(
            text.hasSuffix(
                "t2 eval --model '/my models/base' --expert \(run.bestExpertPath(.svf)) --task gsm-mini --split test"))
        configuration.data = "/it's here"
        #expect(
            summary.lines(folder: run, configuration: configuration).last?.hasSuffix("--data '/it'\\''s here'") == true)
    }
}
