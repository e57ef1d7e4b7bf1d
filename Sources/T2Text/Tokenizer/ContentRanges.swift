/// The stretches of a prompt, in bytes, that the author of a message wrote. Special tokens in them are ordinary characters: only the
/// chat template writes tokens that begin and end turns.
struct ContentRanges: Sendable {
    /// In ascending order and disjoint.
    private let ranges: [Range<Int>]

    init(_ ranges: [Range<Int>] = []) { self.ranges = ranges.filter { !$0.isEmpty } }

    var isEmpty: Bool { ranges.isEmpty }

    /// Whether one byte of the range was written by a message's author.
    func overlaps(_ range: Range<Int>) -> Bool {
        // The first stretch that ends after the start of the range.
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > range.lowerBound { high = middle } else { low = middle + 1 }
        }
        return low < ranges.count && ranges[low].lowerBound < range.upperBound
    }

    /// The stretches in a section of the text, counted from the section's start.
    ///
    /// - Parameter position: the position, in the text that is searched, of a position in the section; for normalized text they
    ///   differ.
    func within(_ section: Range<Int>, position: (Int) -> Int = { $0 }) -> ContentRanges {
        ContentRanges(
            ranges.compactMap { range in
                guard range.overlaps(section) else { return nil }
                let part = range.clamped(to: section)
                let start = position(part.lowerBound - section.lowerBound)
                return start..<max(start, position(part.upperBound - section.lowerBound))
            })
    }
}
