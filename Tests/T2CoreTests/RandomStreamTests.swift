import T2Core
import Testing

@Suite("Random streams")
struct RandomStreamTests {
    /// Every use of random numbers. A new case of `RandomStream` does not compile before it stands here too, and then all tests
    /// below are about it as well.
    enum Use: CaseIterable {
        case training, problemOrder, initialParameters, shots, candidate, mixtureGradient, evaluation, randomExpert
        case generation, shuffledControl, audit

        init(_ stream: RandomStream) {
            self =
                switch stream {
                case .training: .training
                case .problemOrder: .problemOrder
                case .initialParameters: .initialParameters
                case .shots: .shots
                case .candidate: .candidate
                case .mixtureGradient: .mixtureGradient
                case .evaluation: .evaluation
                case .randomExpert: .randomExpert
                case .generation: .generation
                case .shuffledControl: .shuffledControl
                case .audit: .audit
                }
        }

        /// What each argument of the case stays below, in their order.
        var limits: [Int] {
            let (step, problem, sample) = RandomStream.limits
            return switch self {
            case .training, .mixtureGradient, .audit: [step, problem, sample]
            case .candidate: [step, problem]
            case .problemOrder: [step]
            case .evaluation, .randomExpert: [problem]
            case .shuffledControl: [sample]
            case .initialParameters, .shots, .generation: []
            }
        }

        func stream(_ a: [Int]) -> RandomStream {
            switch self {
            case .training: .training(step: a[0], problem: a[1], sample: a[2])
            case .problemOrder: .problemOrder(epoch: a[0])
            case .initialParameters: .initialParameters
            case .shots: .shots
            case .candidate: .candidate(iteration: a[0], index: a[1])
            case .mixtureGradient: .mixtureGradient(iteration: a[0], shot: a[1], sample: a[2])
            case .evaluation: .evaluation(problem: a[0])
            case .randomExpert: .randomExpert(problem: a[0])
            case .generation: .generation
            case .shuffledControl: .shuffledControl(number: a[0])
            case .audit: .audit(step: a[0], unit: a[1], phase: a[2])
            }
        }

        /// The streams of this use whose arguments are at or next to their limits.
        var corners: [RandomStream] {
            let choices = limits.map { [0, 1, 2, 255, 65_536, $0 / 2, $0 - 2, $0 - 1] }
            return choices.reduce([[]]) { all, values in all.flatMap { one in values.map { one + [$0] } } }.map(stream)
        }

        /// The coordinates of this use all lie between these two.
        var box: (low: RandomStream.Coordinates, high: RandomStream.Coordinates) {
            (stream(limits.map { _ in 0 }).coordinates, stream(limits.map { $0 - 1 }).coordinates)
        }
    }

    @Test("each use is listed, under its own name")
    func uses() {
        for use in Use.allCases { #expect(use.corners.allSatisfy { Use($0) == use }) }
    }

    @Test("of two uses never overlap: their boxes of coordinates are disjoint", arguments: Use.allCases)
    func disjoint(use: Use) {
        for other in Use.allCases where other != use {
            let (a, b) = (use.box, other.box)
            let overlaps =
                a.low.step <= b.high.step && b.low.step <= a.high.step
                && a.low.problem <= b.high.problem && b.low.problem <= a.high.problem
                && a.low.sample <= b.high.sample && b.low.sample <= a.high.sample
            #expect(!overlaps, "\(use) and \(other)")
        }
    }

    @Test("at the limits of their arguments each have coordinates of their own, inside their use's box")
    func corners() {
        let streams = Use.allCases.flatMap(\.corners)
        #expect(streams.count > 1_000)
        #expect(Set(streams).count == streams.count)
        #expect(Set(streams.map(\.coordinates)).count == streams.count)
        #expect(streams.allSatisfy(Self.isInsideItsBox))
    }

    @Test("drawn at random never share coordinates", arguments: UInt64(1)...5)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var owners: [RandomStream.Coordinates: RandomStream] = [:]
        var collisions: [RandomStream] = []
        for _ in 0..<20_000 {
            let use = Use.allCases.randomElement(using: &random)!
            // Small numbers are those of real runs, and collide most easily.
            let stream = use.stream(
                use.limits.map { Int.random(in: 0..<(Bool.random(using: &random) ? min($0, 8) : $0), using: &random) })
            let owner = owners.updateValue(stream, forKey: stream.coordinates) ?? stream
            if owner != stream || !Self.isInsideItsBox(stream) { collisions.append(stream) }
        }
        #expect(collisions == [])
    }

    private static func isInsideItsBox(_ stream: RandomStream) -> Bool {
        let (low, high) = Use(stream).box
        let found = stream.coordinates
        return (low.step...high.step).contains(found.step) && (low.problem...high.problem).contains(found.problem)
            && (low.sample...high.sample).contains(found.sample)
    }

    @Test(
        "of training are Philox's at (step, problem, sample) themselves, which the bundled experts were trained with",
        arguments: [(0, 0, 0), (1, 2, 3), (499, 7_472, 63), (1 << 31 - 1, 1 << 31 - 1, 1 << 24 - 1)])
    func training(step: Int, problem: Int, sample: Int) {
        let seed: UInt64 = 0x1234_5678_9abc_def0
        var random = SeededRandom(seed: seed, .training(step: step, problem: problem, sample: sample))
        let key = SIMD2<UInt32>(0x9abc_def0, 0x1234_5678)
        for block in 0..<UInt32(3) {
            let words = SeededRandom.philox(
                counter: SIMD4(block, UInt32(sample), UInt32(problem), UInt32(step)), key: key)
            #expect((0..<4).map { _ in random.next32() } == (0..<4).map { words[$0] })
        }
    }

    @Test("of a run's start are where the bundled experts' were")
    func starts() {
        func equal(_ stream: RandomStream, step: Int, problem: Int) -> Bool {
            var (named, raw) = (SeededRandom(seed: 42, stream), SeededRandom(seed: 42, step: step, problem: problem))
            return (0..<8).allSatisfy { _ in named.next32() == raw.next32() }
        }
        for epoch in [0, 1, 9] { #expect(equal(.problemOrder(epoch: epoch), step: epoch, problem: Int(UInt32.max))) }
        #expect(equal(.initialParameters, step: -1, problem: 0))
        #expect(equal(.shots, step: -2, problem: 0))
    }
}
