extension Adaptation {
    /// The adaptation with the fewest matrices that holds all of a layout's.
    package static func smallest(covering layout: ExpertLayout, of model: ModelConfiguration) -> Adaptation {
        let names = Set(layout.entries.map(\.name))
        let candidates: [Adaptation] = [.mlp, .attention]
        return candidates.first { adaptation in
            names.isSubset(of: ExpertLayout(model: model, adaptation: adaptation).entries.map(\.name))
        } ?? .all
    }
}
