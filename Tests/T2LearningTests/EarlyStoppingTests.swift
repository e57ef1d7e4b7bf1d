import T2Learning
import Testing

@Suite("Early stopping")
struct EarlyStoppingTests {
    @Test("keeps the earliest of the best, and stops after `patience` evaluations without a better one")
    func patience() throws {
        var stopping = try EarlyStopping(patience: 2)
        let verdicts = [0.5, 0.6, 0.6, 0.55, 0.9].enumerated().map { index, accuracy in
            stopping.record(Evaluation(step: index * 10, accuracy: accuracy))
        }
        #expect(verdicts.map(\.isBest) == [true, true, false, false, true])
        #expect(verdicts.map(\.shouldStop) == [false, false, false, true, false])
        #expect(stopping.best == Evaluation(step: 40, accuracy: 0.9))
        #expect(stopping.evaluationsSinceBest == 0)
    }

    @Test("never stops with a patience of 0")
    func never() throws {
        var stopping = try EarlyStopping(patience: 0)
        for step in 0..<100 {
            #expect(!stopping.record(Evaluation(step: step, accuracy: 1 - Double(step) / 100)).shouldStop)
        }
        #expect(stopping.best?.step == 0)
    }
}
