/// The uses of random numbers, each with coordinates that separate it from all others.
///
/// A stream fixes three 32-bit words of Philox's counter: step, problem and sample; the fourth counts its blocks. The
/// top byte of the sample is the domain of the use. `RandomStreamTests` proves that no two streams overlap.
package enum RandomStream: Sendable, Hashable {
    /// The tokens of one completion in training.
    case training(step: Int, problem: Int, sample: Int)
    /// The order of the training problems in one epoch.
    case problemOrder(epoch: Int)
    /// The initial values of trained parameters.
    case initialParameters
    /// The choice of a few-shot search's examples.
    case shots
    /// One candidate in an iteration of a search.
    case candidate(iteration: Int, index: Int)
    /// The tokens of one completion for estimating the gradient of a mixture.
    case mixtureGradient(iteration: Int, shot: Int, sample: Int)
    /// The tokens of one answer in an evaluation.
    case evaluation(problem: Int)
    /// The expert that answers a problem under the strategy `random`.
    case randomExpert(problem: Int)
    /// The tokens of a completion outside any task.
    case generation
    /// Whether a unit is audited; `phase` tells units of training (0) from those of evaluation (1).
    case audit(step: Int, unit: Int, phase: Int)
    /// The order of a matrix's values in the control experiment of a transfer between models.
    case shuffledControl(number: Int)

    /// Exclusive upper bounds of steps (also epochs and iterations), problems and samples.
    package static let limits = (step: 1 << 31, problem: 1 << 31, sample: 1 << 24)

    package struct Coordinates: Hashable {
        package fileprivate(set) var step: UInt32 = 0
        package fileprivate(set) var problem: UInt32 = 0
        package fileprivate(set) var sample: UInt32 = 0

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
        // These are in domain 0 too, above the limits of problem and step.
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
        case .audit(let step, let unit, let phase):
            return Coordinates(domain: 6, step: step, problem: unit, sample: phase)
        case .randomExpert(let problem): return Coordinates(domain: 5, problem: problem)
        }
    }

    /// The step counts downwards from the largest one, which no run reaches.
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
