extension ExpertVector {
    /// Vectors of one layout, one after another, as a vector of its own: how the candidates of a search travel together.
    ///
    /// - Precondition: at least one; all have one layout.
    package static func stack(_ vectors: [ExpertVector]) -> ExpertVector {
        precondition(!vectors.isEmpty && vectors.allSatisfy { $0.layout == vectors[0].layout })
        let entries = vectors.indices.flatMap { index in
            vectors[index].layout.entries.map {
                ExpertLayout.Entry(name: stackPrefix(index) + $0.name, count: $0.count)
            }
        }
        return ExpertVector(layout: ExpertLayout(entries: entries), values: vectors.flatMap(\.values))
    }

    /// The vectors of a stack; nil if this is no stack of so many.
    package func unstacked(_ count: Int) -> [ExpertVector]? {
        guard count > 0, !layout.entries.isEmpty, layout.entries.count.isMultiple(of: count) else { return nil }
        let size = layout.entries.count / count
        var vectors: [ExpertVector] = []
        for index in 0..<count {
            let prefix = Self.stackPrefix(index)
            var entries: [ExpertLayout.Entry] = []
            for entry in layout.entries[index * size..<(index + 1) * size] {
                guard entry.name.hasPrefix(prefix) else { return nil }
                entries.append(.init(name: String(entry.name.dropFirst(prefix.count)), count: entry.count))
            }
            let own = ExpertLayout(entries: entries)
            guard own == vectors.first?.layout ?? own else { return nil }
            let range = layout.offsets[index * size]..<layout.offsets[(index + 1) * size]
            vectors.append(ExpertVector(layout: own, values: Array(values[range])))
        }
        return vectors
    }

    private static func stackPrefix(_ index: Int) -> String { "candidate \(index): " }
}
