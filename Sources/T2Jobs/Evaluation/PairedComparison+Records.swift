import T2Core

extension PairedComparison {
    /// An evaluation and its name in messages, which is usually its file.
    package typealias Evaluated = (name: String, records: [EvaluationRecord])

    /// Compares two evaluations of the same problems, in any order. The ids within each must be distinct.
    ///
    /// - Throws: `InputError` with the first problem that only one evaluation has or whose prompts differ, or if no problem was
    ///   judged in both.
    package init(_ first: Evaluated, _ second: Evaluated) throws {
        let pairs = try Self.pairs(first, second)
        let judged = pairs.compactMap { one, other -> (Bool, Bool)? in
            guard case .judged(let a) = one.reward, case .judged(let b) = other.reward else { return nil }
            return (a == .right, b == .right)
        }
        guard !judged.isEmpty else {
            throw InputError(
                second.name, "none of its \(pairs.count) problems was judged both here and in \(first.name)",
                remedy: "Run t2 eval again where rewards are missing.")
        }
        func count(_ first: Bool, _ second: Bool) -> Int { judged.count { $0 == (first, second) } }
        self.init(
            bothRight: count(true, true), onlyFirst: count(true, false), onlySecond: count(false, true),
            bothWrong: count(false, false), excluded: pairs.count - judged.count)
    }

    private static func pairs(
        _ first: Evaluated, _ second: Evaluated
    ) throws -> [(EvaluationRecord, EvaluationRecord)] {
        let partners = Dictionary(uniqueKeysWithValues: second.records.map { ($0.id, $0) })
        let pairs = try first.records.map { record in
            guard let partner = partners[record.id] else { throw absent(record.id, in: second, first) }
            guard partner.prompt == record.prompt else {
                throw different(second, "its problem '\(record.id)' has another prompt than in \(first.name)")
            }
            return (record, partner)
        }
        // The second evaluation has all problems of the first, and others besides.
        if pairs.count < partners.count {
            let known = Set(first.records.map(\.id))
            if let extra = second.records.first(where: { !known.contains($0.id) }) {
                throw absent(extra.id, in: first, second)
            }
        }
        return pairs
    }

    private static func absent(_ id: String, in evaluated: Evaluated, _ other: Evaluated) -> InputError {
        different(
            evaluated,
            "has \(evaluated.records.count) problems and not '\(id)', which is among the \(other.records.count) of \(other.name)"
        )
    }

    private static func different(_ evaluated: Evaluated, _ problem: String) -> InputError {
        InputError(
            evaluated.name, problem, remedy: "Evaluate both on the same problems: the same --task, --split and --limit."
        )
    }
}
