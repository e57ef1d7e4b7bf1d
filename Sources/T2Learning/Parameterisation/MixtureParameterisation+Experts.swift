import T2Core

extension MixtureParameterisation {
    /// - Throws: `InputError` if the experts are of different base models or layouts, or LoRA adapters.
    package init(
        mixing entries: [ExpertLibrary.Entry], scope: Scope = .shared, isNormalized: Bool = false
    ) throws {
        // Its checks are those of any mixture.
        _ = try ExpertMixture(entries.map { .init(name: $0.path, expert: $0.expert, coefficient: 1) })
        self.init(entries.map(\.expert.vector), scope: scope, isNormalized: isNormalized)
    }
}
