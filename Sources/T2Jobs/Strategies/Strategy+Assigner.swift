import T2Core
import T2Formats
import T2Learning
import T2Tasks

extension Strategy {
    /// The inputs from which a strategy's assigner is made.
    package struct Sources {
        package let name: String
        package let model: BaseModelFolder
        /// The folder of the experts; needed by strategies that choose among experts.
        package let experts: String?
        package let reader: TaskReader
        /// The number of examples for a few-shot search.
        package let shots: Int
        package let seed: UInt64
        /// Reads the examples to draw the shots from; only few-shot calls it.
        package let examples: () throws -> [Problem]

        package init(
            name: String, model: BaseModelFolder, experts: String?, reader: TaskReader, shots: Int, seed: UInt64,
            examples: @escaping () throws -> [Problem]
        ) {
            self.name = name
            self.model = model
            self.experts = experts
            self.reader = reader
            self.shots = shots
            self.seed = seed
            self.examples = examples
        }
    }

    /// The assigner of this strategy.
    ///
    /// - Throws: errors of reading experts; `InputError` for too few examples or experts that cannot be mixed.
    package func assigner(_ sources: Sources) throws -> any PolicyAssigner {
        if let path = file { return FixedPolicy(try ExpertFile(path: path, for: sources.model).policy) }
        guard needsExperts, let path = sources.experts else { return FixedPolicy(.base) }
        let library = try ExpertLibrary(path: path, model: sources.model.digest)
        let entries = library.entries.filter { !$0.isClassifier }
        switch self {
        case .classified(let classifier): return try PromptClassification(library, by: classifier)
        case .random: return RandomExpert(entries)
        case .fewShot: return FewShotMixture(try SearchJob(try search(sources, entries)))
        case .none, .file: return FixedPolicy(.base)
        }
    }

    private func search(_ sources: Sources, _ entries: [ExpertLibrary.Entry]) throws -> SearchDefinition {
        var settings = FewShotSearch.Settings()
        settings.seed = sources.seed
        let task = sources.reader.task.name
        return SearchDefinition(
            name: sources.name, model: JobModel(sources.model), task: task,
            shots: try ShotSelection.draw(
                sources.shots, from: try sources.examples(), task: task, seed: settings.seed),
            sampling: sources.reader.sampling(), entries: entries,
            mixture: try MixtureParameterisation(mixing: entries), settings: settings)
    }
}
