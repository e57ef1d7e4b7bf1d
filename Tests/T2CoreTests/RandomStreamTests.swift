import T2Core
import Testing

@Suite("Random streams")
struct RandomStreamTests {
    /// Numbers below a limit: those at the ends, and some between.
    private static func numbers(below limit: Int, _ seed: UInt64) -> [Int] {
        var random = SeededRandom(seed: seed)
        return [0, 1, 2, limit / 2, limit - 2, limit - 1] + (0..<4).map { _ in Int(random.next() % UInt64(limit)) }
    }

    /// Every use with every combination of such numbers.
    private static var streams: Set<RandomStream> {
        let limits = RandomStream.limits
        let (steps, problems, samples) = (
            numbers(below: limits.step, 1), numbers(below: limits.problem, 2), numbers(below: limits.sample, 3)
        )
        var streams: Set<RandomStream> = [.initialParameters, .shots, .generation]
        for step in steps { streams.insert(.problemOrder(epoch: step)) }
        for sample in samples { streams.insert(.shuffledControl(number: sample)) }
        for problem in problems {
            streams.insert(.evaluation(problem: problem))
            streams.insert(.randomExpert(problem: problem))
            for step in steps {
                streams.insert(.candidate(iteration: step, index: problem))
                for sample in samples {
                    streams.insert(.training(step: step, problem: problem, sample: sample))
                    streams.insert(.mixtureGradient(iteration: step, shot: problem, sample: sample))
                }
            }
        }
        return streams
    }

    /// A new case makes this switch incomplete: it belongs into `streams`, too.
    private static func use(_ stream: RandomStream) -> String {
        switch stream {
        case .training: "training"
        case .problemOrder: "problem order"
        case .initialParameters: "initial parameters"
        case .shots: "shots"
        case .candidate: "candidate"
        case .mixtureGradient: "mixture gradient"
        case .evaluation: "evaluation"
        case .randomExpert: "random expert"
        case .generation: "generation"
        case .shuffledControl: "shuffled control"
        }
    }

    @Test("no two overlap: different uses and different numbers have different counters")
    func apart() {
        let streams = Self.streams
        #expect(Set(streams.map(Self.use)).count == 10)
        #expect(Set(streams.map(\.coordinates)).count == streams.count)
    }

    @Test("each counter gives numbers of its own")
    func numbers() {
        var first: Set<UInt64> = []
        let streams = Self.streams
        for stream in streams {
            var random = SeededRandom(seed: 7, stream)
            first.insert(random.next())
        }
        #expect(first.count == streams.count)
    }

    @Test("training keeps the streams that published experts were trained with")
    func training() {
        var named = SeededRandom(seed: 3, .training(step: 4, problem: 5, sample: 6))
        var numbered = SeededRandom(seed: 3, step: 4, problem: 5, sample: 6)
        #expect(named.next() == numbered.next())
    }
}
