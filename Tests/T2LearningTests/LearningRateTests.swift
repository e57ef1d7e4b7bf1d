import T2Core
import T2Learning
import Testing

@Suite("Learning rate")
struct LearningRateTests {
    private struct Case: Decodable {
        let schedule: LearningRateSchedule
        let warmUpSteps, steps: Int
        let base: Double
        let rates: [Double]
    }

    @Test("agrees with torch.optim.lr_scheduler at every step", arguments: LearningRateSchedule.allCases)
    func torch(schedule: LearningRateSchedule) throws {
        let cases = try Fixture.read("schedules", as: [Case].self).filter { $0.schedule == schedule }
        #expect(cases.count == 4)
        for fixture in cases {
            let rate = try LearningRate(
                base: fixture.base, schedule: schedule, warmUpSteps: fixture.warmUpSteps, steps: fixture.steps)
            for (step, expected) in fixture.rates.enumerated() {
                #expect(abs(rate.rate(step: step) - expected) < 1e-12)
            }
        }
    }

    @Test("is 0 after the last step of a falling schedule", arguments: [LearningRateSchedule.linear, .cosine])
    func afterTheEnd(schedule: LearningRateSchedule) throws {
        let rate = try LearningRate(base: 1, schedule: schedule, warmUpSteps: 2, steps: 10)
        #expect(rate.rate(step: 9) > 0)
        #expect(rate.rate(step: 10) == 0)
        #expect(rate.rate(step: 99) == 0)
    }

    @Test("refuses a warm-up that leaves no step, and a rate or a count that is not above 0")
    func outOfRange() {
        func refusal(base: Double, warmUp: Int, steps: Int) -> String {
            let error = #expect(throws: LearningError.self) {
                try LearningRate(base: base, schedule: .cosine, warmUpSteps: warmUp, steps: steps)
            }
            return error?.description ?? ""
        }
        #expect(refusal(base: 1, warmUp: 10, steps: 10).hasPrefix("warm-up-steps, steps: "))
        #expect(refusal(base: 1, warmUp: -1, steps: 10).hasPrefix("warm-up-steps, steps: "))
        #expect(refusal(base: 0, warmUp: 0, steps: 10).hasPrefix("learning-rate: "))
        #expect(refusal(base: .nan, warmUp: 0, steps: 10).hasPrefix("learning-rate: "))
        #expect(refusal(base: 1, warmUp: 0, steps: 0).hasPrefix("steps: "))
    }
}
