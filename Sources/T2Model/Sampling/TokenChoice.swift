import CKernels
import Foundation
import T2Core

/// Chooses the next token from a row of logits.
struct TokenChoice {
    /// The difference of two logits, in nats, up to which either token counts as the greedy choice; and the difference of the uniform
    /// number up to which a drawn token counts as the draw's. Machines of different kinds round differently.
    private static let (logitTolerance, drawTolerance): (Float, Double) = (1e-3, 1e-4)

    private let sampling: Sampling
    private var order: [Int32] = []

    init(_ sampling: Sampling) { self.sampling = sampling }

    /// The chosen token and its log-probability under the distribution it was chosen from; greedy choices are scored at
    /// temperature 1.
    mutating func choose(_ logits: UnsafePointer<Float>, _ count: Int, _ random: inout SeededRandom) -> (
        token: Int32, logProbability: Float
    ) {
        let scale: Float = sampling.temperature == 0 ? 1 : 1 / sampling.temperature
        var logSumExp: Float = 0
        var largest: Int32 = 0
        t2_log_sum_exp(logits, &logSumExp, &largest, 1, count, count, scale)
        if sampling.temperature == 0 { return (largest, logits[Int(largest)] - logSumExp) }
        if sampling.topK != nil || sampling.topP != nil { return truncated(logits, count, scale, logSumExp, &random) }
        let token = t2_draw(logits, count, scale, logSumExp, random.nextUniform())
        return (token, logits[Int(token)] * scale - logSumExp)
    }

    /// The given token if it would be chosen up to rounding, otherwise the token that would be chosen, with its log-probability as
    /// `choose` gives it. A draw with top-k or top-p has no tolerance.
    mutating func confirm(
        _ given: Int32, _ logits: UnsafePointer<Float>, _ count: Int, _ random: inout SeededRandom
    ) -> (token: Int32, logProbability: Float) {
        var draws = random
        let chosen = choose(logits, count, &random)
        guard given != chosen.token, (0..<Int32(count)).contains(given) else { return chosen }
        if sampling.temperature == 0 {
            let difference = logits[Int(chosen.token)] - logits[Int(given)]
            return difference <= Self.logitTolerance ? (given, chosen.logProbability - difference) : chosen
        }
        guard sampling.topK == nil, sampling.topP == nil else { return chosen }
        let scale = 1 / sampling.temperature
        let logSumExp = logits[Int(chosen.token)] * scale - chosen.logProbability
        let uniform = draws.nextUniform()
        // Tokens are drawn in the order of their identifiers.
        let first = t2_draw(logits, count, scale, logSumExp, max(0, uniform - Self.drawTolerance))
        let last = t2_draw(logits, count, scale, logSumExp, uniform + Self.drawTolerance)
        return first <= given && given <= last ? (given, logits[Int(given)] * scale - logSumExp) : chosen
    }

    /// Applies top-k, then top-p, then draws from the remaining tokens, renormalised.
    private mutating func truncated(
        _ logits: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ logSumExp: Float, _ random: inout SeededRandom
    ) -> (token: Int32, logProbability: Float) {
        if order.count != count { order = (0..<Int32(count)).map { $0 } }
        order.sort { (logits[Int($0)], $1) > (logits[Int($1)], $0) }
        func probability(_ token: Int32) -> Double { exp(Double(logits[Int(token)] * scale - logSumExp)) }
        var kept = 0
        var mass = 0.0
        let limit = min(sampling.topK ?? count, count)
        let target = Double(sampling.topP ?? 1)
        while kept < limit, kept == 0 || mass < target {
            mass += probability(order[kept])
            kept += 1
        }
        var rest = random.nextUniform() * mass
        let drawn = order[..<kept].first { token in
            rest -= probability(token)
            return rest < 0
        }
        let token = drawn ?? order[kept - 1]
        return (token, Float(Double(logits[Int(token)] * scale - logSumExp) - log(mass)))
    }
}
