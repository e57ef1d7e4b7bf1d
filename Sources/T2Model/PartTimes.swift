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

    package private(set) var seconds = [Double](repeating: 0, count: Part.allCases.count)

    package init() {}

    package subscript(part: Part) -> Double { seconds[Part.allCases.firstIndex(of: part)!] }

    fileprivate func add(_ part: Part, _ nanoseconds: UInt64) {
        seconds[Part.allCases.firstIndex(of: part)!] += Double(nanoseconds) * 1e-9
    }
}

extension Transformer {
    /// Runs `body` and adds its time to `part` if times are kept.
    @inline(__always)
    func measure<Result>(_ part: PartTimes.Part, _ body: () throws -> Result) rethrows -> Result {
        guard let times = partTimes else { return try body() }
        let start = DispatchTime.now().uptimeNanoseconds
        defer { times.add(part, DispatchTime.now().uptimeNanoseconds - start) }
        return try body()
    }
}
