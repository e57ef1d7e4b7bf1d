import Foundation
import T2Core

/// The learning rate of each step: a linear warm-up, then either a constant rate or a rate that falls to 0 along a line
/// or half a cosine.
///
/// Of T steps, counted from t = 0, the first W are the warm-up, with the rate base·(t + 1)/W. After them, with x = (t −
/// W)/(T − W), the rate is base for `constant`, base·(1 − x) for `linear` and base·(1 + cos πx)/2 for `cosine`. No step
/// has rate 0: the first has base/W, and 0 would be reached at t = T.
package struct LearningRate: Sendable, Equatable {
    let base: Double
    let schedule: LearningRateSchedule
    let warmUpSteps: Int
    let steps: Int

    /// - Throws: `LearningError.configuration`, which names the key that is out of range.
    package init(base: Double, schedule: LearningRateSchedule, warmUpSteps: Int, steps: Int) throws(LearningError) {
        try LearningError.require(
            base > 0 && base.isFinite, "learning-rate", base, "a number above 0",
            remedy: "Usual values are 2e-3 to 1e-2.")
        try LearningError.require(steps > 0, "steps", steps, "1 or more", remedy: "Usual values are 30 to 200.")
        guard (0..<steps).contains(warmUpSteps) else {
            throw .configuration(
                keys: "warm-up-steps, steps",
                problem: "warm-up-steps is \(warmUpSteps), expected 0 to \(steps - 1), since steps is \(steps)",
                remedy: "Usual values are 0 and a tenth of steps.")
        }
        self.base = base
        self.schedule = schedule
        self.warmUpSteps = warmUpSteps
        self.steps = steps
    }

    /// The rate of step t = 0, 1, …, steps − 1. From step `steps` on the rate is 0, unless the schedule is constant.
    package func rate(step: Int) -> Double {
        precondition(step >= 0)
        if step < warmUpSteps { return base * Double(step + 1) / Double(warmUpSteps) }
        let progress = min(1, Double(step - warmUpSteps) / Double(steps - warmUpSteps))
        switch schedule {
        case .constant: return base
        case .linear: return base * (1 - progress)
        case .cosine: return base * (1 + cos(.pi * progress)) / 2
        }
    }
}
