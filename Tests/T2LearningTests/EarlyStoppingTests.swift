import T2Learning
import Testing

@Suite("Early stopping")
struct EarlyStoppingTests {
    @Test("keeps the earliest of the best evaluations, and stops after `patience` evaluations without a better one")
    func patience() throws {
        var stopping = try EarlyStopping(patience: 2)
        let verdicts = [0.5, 0.6, 0.6, 0.55, 0.9].enumerated().map { index, accuracy in
            let isBest = stopping.record(ValidationAccuracy(step: index * 10, accuracy: accuracy))
            return (isBest, stopping.shouldStop)
        }
        #expect(verdicts.map(\.0) == [true, true, false, false, true])
        #expect(verdicts.map(\.1) == [false, false, false, true, false])
        #expect(stopping.best == ValidationAccuracy(step: 40, accuracy: 0.9))
        #expect(stopping.evaluationsSinceBest == 0)
    }

    @Test("counts the evaluation of a step once, and returns the same verdict for the same step again")
    func idempotent() throws {
        var stopping = try EarlyStopping(patience: 2)
        for (step, accuracy) in [(0, 0.5), (10, 0.6), (20, 0.6), (30, 0.55)] {
            let evaluation = ValidationAccuracy(step: step, accuracy: accuracy)
            let isBest = stopping.record(evaluation)
            let once = stopping
            #expect(stopping.record(evaluation) == isBest)
            #expect(stopping == once)
        }
        #expect(stopping.shouldStop)
        #expect(stopping.best?.step == 10)
    }

    @Test("never stops with a patience of 0")
    func never() throws {
        var stopping = try EarlyStopping(patience: 0)
        for step in 0..<100 {
            _ = stopping.record(ValidationAccuracy(step: step, accuracy: 1 - Double(step) / 100))
            #expect(!stopping.shouldStop)
        }
        #expect(stopping.best?.step == 0)
    }
}
