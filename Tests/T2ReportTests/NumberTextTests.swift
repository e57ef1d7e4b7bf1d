import T2Core
import T2Report
import Testing

@Suite("NumberText")
struct NumberTextTests {
    @Test("accuracies have one decimal and their interval")
    func accuracy() {
        let accuracy = AccuracyInterval(correct: 525, count: 600)
        #expect(NumberText.accuracy(accuracy) == "87.5 %")
        #expect(NumberText.interval(accuracy) == "(84.6–89.9)")
        let all = AccuracyInterval(correct: 20, count: 20)
        #expect(NumberText.accuracy(all) == "100.0 %" && NumberText.interval(all) == "(83.9–100.0)")
    }

    @Test("without judged problems, the accuracy is a dash")
    func nothing() {
        let none = AccuracyInterval(correct: 0, count: 0)
        #expect(NumberText.accuracy(none) == "–" && NumberText.interval(none) == nil)
    }

    @Test(
        "differences have a sign, and zero has none",
        arguments: [
            (0.4933, "+49.3"), (-0.0246, "−2.5"), (0, "0.0"), (0.0004, "0.0"), (-0.0004, "0.0"), (-1, "−100.0"),
        ])
    func points(difference: Double, text: String) { #expect(NumberText.points(difference) == text) }

    @Test(
        "p-values have four decimals or are below 0.0001",
        arguments: [(1, "1.0000"), (0.01254, "0.0125"), (0.0001, "0.0001"), (0.0000999, "< 0.0001"), (0, "< 0.0001")])
    func pValue(value: Double, text: String) { #expect(NumberText.pValue(value) == text) }

    @Test(
        "counts have groups of three digits",
        arguments: [
            (0, "0"), (999, "999"), (1000, "1,000"), (-27_512, "−27,512"), (1_234_567, "1,234,567"),
            (100_000, "100,000"),
        ])
    func count(value: Int, text: String) { #expect(NumberText.count(value) == text) }

    @Test(
        "bytes have a binary unit",
        arguments: [
            (0, "0 B"), (1023, "1,023 B"), (17_408, "17.0 KiB"), (1_572_864, "1.5 MiB"), (1 << 50, "1024.0 TiB"),
        ])
    func bytes(value: Int, text: String) { #expect(NumberText.bytes(value) == text) }
}
