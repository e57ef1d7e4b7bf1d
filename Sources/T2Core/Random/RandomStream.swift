/// Every use of random numbers, with the coordinates that keep it apart from all others.
///
/// A stream is one of Philox's counters: 32 bits each of step, problem and sample, and the number of the draw. The topmost
/// byte of the sample is the domain of the use. `RandomStreamTests` proves that no two streams overlap.
package enum RandomStream: Sendable, Hashable {
    /// The tokens of one completion in training.
    case training(step: Int, problem: Int, sample: Int)
    /// The order of the training problems in one epoch.
    case problemOrder(epoch: Int)
    /// The start values of trained parameters.
    case initialParameters
    /// Which examples a few-shot search sees.
    case shots
    /// One candidate of a search's iteration.
    case candidate(iteration: Int, index: Int)
    /// The tokens of one completion that the gradient of a mixture is estimated from.
    case mixtureGradient(iteration: Int, shot: Int, sample: Int)
    /// The tokens of one answer in an evaluation.
    case evaluation(problem: Int)
    /// The expert that answers a problem under the strategy `random`.
    case randomExpert(problem: Int)
    /// The tokens of a completion outside any task.
    case generation
    /// The order of a matrix's values in the control of a transfer between models.
    case shuffledControl(number: Int)

    /// Steps, epochs and iterations, problems, and samples stay below these.
    package static let limits = (step: 1 << 31, problem: 1 << 31, sample: 1 << 24)

    package struct Coordinates: Hashable {
        var step: UInt32 = 0
        var problem: UInt32 = 0
        var sample: UInt32 = 0

        init(domain: UInt32 = 0, step: Int = 0, problem: Int = 0, sample: Int = 0) {
            precondition((0..<limits.step).contains(step) && (0..<limits.problem).contains(problem))
            precondition((0..<limits.sample).contains(sample))
            self.step = UInt32(step)
            self.problem = UInt32(problem)
            self.sample = domain << 24 | UInt32(sample)
        }
    }

    package var coordinates: Coordinates {
        switch self {
        case .training(let step, let problem, let sample):
            return Coordinates(step: step, problem: problem, sample: sample)
        // Domain 0 too: above the limits of problem and step.
        case .problemOrder(let epoch):
            var order = Coordinates(step: epoch)
            order.problem = .max
            return order
        case .initialParameters: return above(0)
        case .shots: return above(1)
        case .shuffledControl(let number): return above(2, sample: number)
        case .candidate(let iteration, let index): return Coordinates(domain: 1, step: iteration, problem: index)
        case .mixtureGradient(let iteration, let shot, let sample):
            return Coordinates(domain: 2, step: iteration, problem: shot, sample: sample)
        case .evaluation(let problem): return Coordinates(domain: 3, problem: problem)
        case .generation: return Coordinates(domain: 4)
        case .randomExpert(let problem): return Coordinates(domain: 5, problem: problem)
        }
    }

    /// Counted downwards from the largest step, which no run reaches.
    private func above(_ number: UInt32, sample: Int = 0) -> Coordinates {
        var coordinates = Coordinates(sample: sample)
        coordinates.step = .max - number
        return coordinates
    }
}

extension SeededRandom {
    package init(seed: UInt64, _ stream: RandomStream) {
        let counter = stream.coordinates
        self.init(seed: seed, step: Int(counter.step), problem: Int(counter.problem), sample: Int(counter.sample))
    }
}
