import Foundation

/// A lane's time by part of the work. Times are kept only while `Transformer.partTimes` is set.
package final class PartTimes {
    package enum Part: String, CaseIterable, Sendable {
        /// Products with the layers' weights, merged or factored, forward and backward.
        case projections
        case attention
        /// RMSNorm, SiLU, rotation, copies.
        case rows
        /// Products with the head, and its gradient.
        case head
        /// Softmax over the vocabulary, and the choice of a token or the loss.
        case vocabulary
    }

    private var seconds: [Part: Double] = [:]

    package init() {}

    package fileprivate(set) subscript(part: Part) -> Double {
        get { seconds[part, default: 0] }
        set { seconds[part] = newValue }
    }
}

extension Transformer {
    /// Runs `body` and adds its time to `part` if times are kept.
    @inline(__always)
    func measure<Result>(_ part: PartTimes.Part, _ body: () throws -> Result) rethrows -> Result {
        guard let times = partTimes else { return try body() }
        let start = DispatchTime.now().uptimeNanoseconds
        defer { times[part] += Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 }
        return try body()
    }
}
