/// ‖found − expected‖ / ‖expected‖; infinite if the counts differ.
package func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let difference = zip(found, expected).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    return (difference / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
}

/// The largest |found − expected|; infinite if a value is not finite or the counts differ.
package func largestDifference(
    _ found: [some BinaryFloatingPoint], _ expected: [some BinaryFloatingPoint]
) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).reduce(0) { largest, pair in
        let difference = abs(Double(pair.0) - Double(pair.1))
        return difference.isFinite ? max(largest, difference) : .infinity
    }
}

/// The largest of the rows' differences; infinite if a value is not finite or a count differs.
package func largestDifference(_ found: [[Float]], _ expected: [[Float]]) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).reduce(0) { max($0, largestDifference($1.0, $1.1)) }
}
