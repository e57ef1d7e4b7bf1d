import T2Core

/// What must hold of a document before it is shown: names that can be told apart, tables without holes, finite numbers.
struct ReportCheck {
    static let remedy = "Make it anew: t2 report …"
    /// Numbers past it are no measurement, and cannot be drawn.
    private static let greatest = 1e12

    /// Where the document comes from, then the keys down to what is looked at.
    let place: String

    func at(_ key: String) -> ReportCheck { ReportCheck(place: "\(place): \(key)") }

    func fail(_ problem: String) -> InputError { InputError(place, problem, remedy: Self.remedy) }

    func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        if !condition { throw fail(problem()) }
    }

    func names(_ names: [String], _ kind: String) throws {
        var seen: Set<String> = []
        for name in names {
            try require(!name.isEmpty, "a \(kind) has no name")
            try require(seen.insert(name).inserted, "the \(kind) '\(name)' stands there twice")
        }
    }

    func known(_ name: String, among names: [String], _ kind: String) throws {
        try require(names.contains(name), "'\(name)' is no \(kind), expected one of \(names.joined(separator: ", "))")
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
            "\(value.correct) of \(value.count) are right, expected at most all of them")
        try require(
            value == AccuracyInterval(correct: value.correct, count: value.count),
            "accuracy \(value.accuracy) with interval \(value.lower) to \(value.upper) is not that of \(value.correct) "
                + "of \(value.count)")
    }

    func rising(_ values: [Int], _ kind: String) throws {
        for (earlier, later) in zip(values, values.dropFirst()) {
            try require(earlier < later, "\(kind) \(later) comes after \(earlier), expected rising numbers")
        }
        try count(values.first, kind)
    }
}
