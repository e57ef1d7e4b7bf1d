import Foundation
import T2Coordinator
import T2Core
import T2Jobs
import T2Transport
import Testing

struct RunConsoleTests {
    static func metrics(step: Int, missing: [String: Int] = [:]) throws -> StepMetrics {
        var object: [String: Any] = [:]
        for key in [
            "sequences", "rewardMean", "accuracy", "unfinishedShare", "policyLoss", "kl",
            "gradientNorm",
            "learningRate", "equalRewardGroups", "largestLogProbabilityDifference", "completionTokensMean",
            "tokensPerSecond",
            "seconds", "collectSeconds", "updateSeconds", "checkpointSeconds", "samplingSeconds", "rewardSeconds",
            "gradientSeconds", "workers", "units", "unitsHandedOutTwice", "right", "wrong", "noAnswer", "cutOff",
            "failures", "completionTokens",
        ] { object[key] = 0 }
        object["kind"] = "step"
        object["missing"] = missing
        object["step"] = step
        object["rewardMean"] = 0.125
        object["accuracy"] = 0.5625
        object["kl"] = 0.00123
        object["gradientNorm"] = 3.21
        object["tokensPerSecond"] = 4312.4
        object["seconds"] = 1.94
        return try JSONDecoder().decode(StepMetrics.self, from: JSONSerialization.data(withJSONObject: object))
    }

    @Test("an interruption names a step that there is", arguments: [(0, "step 1 of 40"), (39, "step 40 of 40")])
    func interruption(step: Int, place: String) {
        #expect(RunConsole.interruption(step: step, steps: 40) == "stopped in \(place)")
        #expect(RunConsole.interruption(step: 40, steps: 40) == "stopped in the evaluation after step 40 of 40")
    }

    @Test("a step is one aligned line")
    func step() throws {
        let line = RunConsole.line(try Self.metrics(step: 9), steps: 30, remainingSeconds: 41)
        #expect(
            line
                == "step  9/30  reward +0.125  accuracy  56.2 %  KL 0.0012  gradient 3.21e+00  tokens/s   4312     1.9 s  ETA    0:41"
        )
        let next = RunConsole.line(try Self.metrics(step: 10), steps: 30, remainingSeconds: 4000)
        #expect(next.count == line.count)
        #expect(next.hasSuffix("ETA 1:06:40"))
    }

    @Test("durations read as a clock", arguments: [(0.0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00")])
    func clock(seconds: Double, text: String) {
        #expect(RunConsole.clock(seconds) == text)
    }

    @Test("accuracies come with their counts and interval")
    func percent() {
        #expect(
            RunConsole.percent(AccuracyInterval(correct: 122, count: 200))
                == "61.0 % (122 of 200, 95 % interval 54.1–67.5)")
    }
}
