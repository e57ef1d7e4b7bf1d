import CKernels
import Foundation
import T2Core

/// Chooses the next token from a row of logits.
struct TokenChoice {
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
