import T2Core
import Testing

@Suite("AccuracyInterval")
struct AccuracyIntervalTests {
    @Test(
        "published values",
        arguments: [
            // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
            (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0000),
        ])
    func published(correct: Int, count: Int, lower: Double, upper: Double) {
        let interval = AccuracyInterval(correct: correct, count: count)
        #expect(abs(interval.lower - lower) < 5e-5)
        #expect(abs(interval.upper - upper) < 5e-5)
    }
}
