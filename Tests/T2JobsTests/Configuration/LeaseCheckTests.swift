import T2Jobs
import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite("The largest lease of a run")
struct LeaseCheckTests {
    private static func check(problems: [Problem], promptsPerUnit: Int, headerBytes: Int) throws {
        var configuration = TestTraining.configuration()
        (configuration.promptsPerStep, configuration.promptsPerUnit) = (100, promptsPerUnit)
        let definition = TestTraining.definition(configuration, training: problems, validation: problems)
        var limits = MessageLimits()
        limits.headerBytes = headerBytes
        try definition.checkLeases(
            ResolvedConfiguration(configuration: configuration, locations: ["prompts-per-unit": "run.yaml:3"]),
            limits: limits)
    }

    private static func problem(_ number: Int, letters: Int) -> Problem {
        Problem(
            id: "p-\(number)", topic: "t", prompt: String(repeating: "a", count: letters),
            verification: .number(answer: "1"))
    }

    @Test("is refused with the largest prompts-per-unit, and that is accepted")
    func tooLarge() throws {
        // The longest problem stands among short ones, and comes more than once in a unit of 40.
        let problems = (0..<20).map { Self.problem($0, letters: $0 == 11 ? 900 : 100) }
        let error = #expect(throws: ConfigurationError.self) {
            try Self.check(problems: problems, promptsPerUnit: 40, headerBytes: 5_000)
        }
        let message = try #require(error?.description)
        #expect(message.hasPrefix("run.yaml:3: prompts-per-unit: expected at most "))
        let largest = try #require(message.firstMatch(of: /at most (\d+), found 40/)).output.1
        let count = try #require(Int(largest))
        #expect((10..<25).contains(count))
        try Self.check(problems: problems, promptsPerUnit: count, headerBytes: 5_000)
        #expect(throws: ConfigurationError.self) {
            try Self.check(problems: problems, promptsPerUnit: count + 1, headerBytes: 5_000)
        }
        try Self.check(problems: problems, promptsPerUnit: 40, headerBytes: MessageLimits().headerBytes)
    }

    @Test("of one problem alone is refused with the problem's name")
    func longProblem() throws {
        let problems = [Self.problem(0, letters: 10), Self.problem(1, letters: 9_000)]
        let error = #expect(throws: InputError.self) {
            try Self.check(problems: problems, promptsPerUnit: 2, headerBytes: 5_000)
        }
        #expect(error?.description.hasPrefix("problem p-1: with its prompt of 9000 bytes") == true)
    }

    @Test("with an id that no message carries is refused")
    func longName() throws {
        let long = Problem(
            id: String(repeating: "x", count: 1_001), topic: "t", prompt: "q", verification: .number(answer: "1"))
        let error = #expect(throws: InputError.self) {
            try Self.check(
                problems: [Self.problem(0, letters: 1), long], promptsPerUnit: 1,
                headerBytes: MessageLimits().headerBytes)
        }
        #expect(error?.description.contains("its id has 1001 bytes, expected at most 1000") == true)
    }
}
