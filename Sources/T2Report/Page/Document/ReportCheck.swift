import T2Core

/// The checks that a document must pass before it is shown: distinct names, complete tables and finite numbers.
struct ReportCheck {
    /// The largest absolute value that a report shows. Larger numbers cannot be measurements.
    private static let greatest = 1e12

    /// The path of the document, then the keys down to the value that is checked.
    let location: String

    func at(_ key: String) -> ReportCheck { ReportCheck(location: "\(location): \(key)") }

    func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        guard !condition else { return }
        throw InputError(location, problem(), remedy: "Create the report again: t2 report …")
    }

    func names(_ names: [String], _ kind: String) throws {
        var seen: Set<String> = []
        for name in names {
            try require(!name.isEmpty, "a \(kind) has no name")
            try require(seen.insert(name).inserted, "the \(kind) '\(name)' appears twice")
        }
    }

    func known(_ name: String, among names: [String], _ kind: String) throws {
        try require(
            names.contains(name), "'\(name)' is not a \(kind), expected one of \(names.joined(separator: ", "))")
    }

    func number(_ value: Double, _ kind: String, in range: ClosedRange<Double> = -greatest...greatest) throws {
        try require(
            range.contains(value),
            "\(kind) is \(value), expected a finite number from \(range.lowerBound) to \(range.upperBound)")
    }

    func count(_ value: Int?, _ kind: String) throws {
        guard let value else { return }
        try require(value >= 0, "\(kind) is \(value), expected 0 or more")
    }

    func accuracy(_ value: AccuracyInterval) throws {
        try require(
            value.correct >= 0 && value.correct <= value.count,
            "\(value.correct) of \(value.count) are right, expected 0 to \(value.count)")
        try require(
            value == AccuracyInterval(correct: value.correct, count: value.count),
            "accuracy \(value.accuracy) with interval \(value.lower) to \(value.upper) is not that of \(value.correct) "
                + "of \(value.count)")
    }

    func rising(_ values: [Int], _ kind: String) throws {
        for (earlier, later) in zip(values, values.dropFirst()) {
            try require(earlier < later, "\(kind) \(later) comes after \(earlier), expected increasing numbers")
        }
        try count(values.first, kind)
    }
}
