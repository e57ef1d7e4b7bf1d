import T2Core
import T2Formats
import T2Learning
import T2Tasks

extension Strategy {
    /// The assigner of this strategy.
    ///
    /// - Parameters:
    ///   - experts: the folder of the experts; needed by strategies that choose among experts.
    ///   - shots: the number of examples for a few-shot search.
    ///   - examples: reads the examples to draw the shots from; only few-shot calls it.
    /// - Throws: errors of reading experts; `InputError` for too few examples or experts that cannot be mixed.
    package func assigner(
        name: String, model: BaseModelFolder, experts: String?, reader: TaskReader, shots: Int, seed: UInt64,
        examples: () throws -> [Problem]
    ) throws -> any PolicyAssigner {
        if let path = file { return FixedPolicy(try ExpertFile(path: path, for: model).policy) }
        guard needsExperts, let path = experts else { return FixedPolicy(.base) }
        let library = try ExpertLibrary(path: path, model: model.digest)
        let entries = library.answering
        switch self {
        case .classified(let classifier): return try PromptClassification(library, by: classifier)
        case .random: return RandomExpert(entries)
        case .none, .file: return FixedPolicy(.base)
        case .fewShot:
            var settings = FewShotSearch.Settings()
            settings.seed = seed
            let task = reader.task.name
            return FewShotMixture(
                try SearchJob(
                    name: name, model: JobModel(model), task: task,
                    shots: try ShotSelection.draw(shots, from: try examples(), task: task, seed: seed),
                    sampling: reader.sampling(), entries: entries,
                    mixture: try MixtureParameterisation(mixing: entries), settings: settings))
        }
    }
}
