import T2Core
import T2Learning
import T2TestSupport
import Testing

@Suite("Advantages")
struct AdvantageTests {
    private struct Case: Decodable {
        let rewards: [[Float]]
        let runningMean: Float
        let equalRewardGroups: Int
        let expected: [String: [[Double]]]
    }

    @Test("agree with NumPy to 1e-6", arguments: AdvantageKind.allCases)
    func numpy(kind: AdvantageKind) throws {
        let cases: [Case] = try Fixture.read("advantages")
        let covered = cases.filter { $0.expected[kind.rawValue] != nil }
        #expect(covered.count >= 6)
        for fixture in covered {
            let advantage = try Advantage(rewards: fixture.rewards, kind: kind, runningMean: fixture.runningMean)
            let expected = try #require(fixture.expected[kind.rawValue])
            #expect(advantage.groups.map(\.count) == fixture.rewards.map(\.count))
            #expect(largestDifference(advantage.groups.flatMap(\.self), expected.flatMap(\.self)) < 1e-6)
            #expect(advantage.equalRewardGroups == fixture.equalRewardGroups)
        }
    }

    @Test("with a leave-one-out mean sum to zero", arguments: [AdvantageKind.unitMean, .groupMean])
    func sumToZero(kind: AdvantageKind) throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<50 {
            let rewards = (0..<4).map { _ in (0..<6).map { _ in Float(random.nextNormal()) } }
            let groups = try Advantage(rewards: rewards, kind: kind).groups
            let sums = kind == .groupMean ? groups : [groups.flatMap(\.self)]
            for sum in sums { #expect(abs(sum.reduce(0, +)) < 1e-5) }
        }
    }

    @Test("have baselines that do not depend on the sample itself", arguments: [AdvantageKind.unitMean, .groupMean])
    func baselineIsIndependent(kind: AdvantageKind) throws {
        let before = try Advantage(rewards: [[1, -1, -1], [1, 1, -1]], kind: kind).groups[0][0]
        let after = try Advantage(rewards: [[5, -1, -1], [1, 1, -1]], kind: kind).groups[0][0]
        #expect(abs((after - before) - 4) < 1e-6)
    }

    @Test(
        "are exactly zero for a prompt whose rewards are all equal",
        arguments: [AdvantageKind.groupMean, .groupNormalized])
    func equalRewards(kind: AdvantageKind) throws {
        let advantage = try Advantage(rewards: [[0.1, 0.1, 0.1], [1, -1, 1]], kind: kind)
        #expect(advantage.groups[0] == [0, 0, 0])
        #expect(advantage.groups[1].allSatisfy { $0 != 0 })
        #expect(advantage.equalRewardGroups == 1)
    }

    @Test("do not count a single sample as a group of equal rewards")
    func singleSamples() throws {
        #expect(try Advantage(rewards: [[1], [1], [-1]], kind: .unitMean).equalRewardGroups == 0)
    }

    @Test(
        "need two samples if they compare samples", arguments: [AdvantageKind.unitMean, .groupMean, .groupNormalized])
    func tooFew(kind: AdvantageKind) {
        let error = #expect(throws: LearningError.self) { try Advantage(rewards: [[1]], kind: kind) }
        #expect(error?.description.contains("1 sample, expected at least 2") == true)
        #expect(error?.exitStatus == .configuration)
    }

    @Test("are refused in the configuration if they would be refused in the run", arguments: AdvantageKind.allCases)
    func configuration(kind: AdvantageKind) throws {
        try Advantage.validate(kind: kind, samplesPerPrompt: 2, promptsPerUnit: 1, promptsPerStep: 8)
        guard kind != .none, kind != .runningMean else {
            try Advantage.validate(kind: kind, samplesPerPrompt: 1, promptsPerUnit: 1, promptsPerStep: 8)
            return
        }
        let error = #expect(throws: LearningError.self) {
            try Advantage.validate(kind: kind, samplesPerPrompt: 1, promptsPerUnit: 1, promptsPerStep: 8)
        }
        #expect(error?.description.contains("samples-per-prompt") == true)
        #expect(error?.description.contains("'\(kind.rawValue)'") == true)
    }

    @Test("by unit mean are checked for the smallest unit of a step")
    func lastUnit() throws {
        try Advantage.validate(kind: .unitMean, samplesPerPrompt: 1, promptsPerUnit: 16, promptsPerStep: 128)
        let error = #expect(throws: LearningError.self) {
            try Advantage.validate(kind: .unitMean, samplesPerPrompt: 1, promptsPerUnit: 16, promptsPerStep: 129)
        }
        #expect(error?.description.contains("prompts-per-step 129") == true)
    }

    @Test("by running mean have a baseline of 0 at first, then the mean of all past rewards")
    func runningMean() {
        var mean = RunningMeanReward()
        #expect(mean.mean == 0)
        mean.add(sum: 1, count: 3)
        mean.add(sum: 1, count: 1)
        #expect(mean.mean == 0.5)
    }
}
