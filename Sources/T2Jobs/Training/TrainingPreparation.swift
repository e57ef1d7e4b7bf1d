import Foundation
import T2Core
import T2Formats
import T2Learning
import T2Sandbox
import T2Tasks
import T2Text

/// A prepared run: its configuration is resolved, and errors that a step, a worker or the disk would cause later are found now.
package struct TrainingPreparation: Sendable {
    /// Returns σ of each entry of a layout, in its order; only the sigmoid parameterisation calls it.
    package typealias SingularValues = (BaseModelFolder, ExpertLayout) throws -> [[Float]]

    package let resolved: ResolvedConfiguration
    package let definition: TrainingDefinition
    package let task: TrainingTask
    /// The number of problems in the validation split, of which an evaluation uses the first.
    package let validationSplit: Int
    /// Messages about records that were left out of the data.
    package let notices: [String]
    /// Messages about the checks that passed.
    package private(set) var checked: [String]

    /// Checks everything, quick checks first, and creates no file.
    ///
    /// - Throws: `ConfigurationError`, `InputError`, `SystemError`, `SafetensorsError`, `PromptError`, `SandboxError` or
    ///   `LearningError`: the first error that would occur later.
    /// - Parameters:
    ///   - name: the name of the run.
    ///   - checkPrerequisites: checks the run folder and the programs to start, once the task is known; returns messages
    ///     about the checks that passed.
    package init(
        _ source: ConfigurationSource, name: String, checkPrerequisites: (TrainingTask) throws -> [String],
        singularValues: SingularValues
    ) throws {
        var resolved = try source.resolve()
        var configuration = resolved.configuration
        task = try TaskRegistry.bundled.task(named: configuration.task)
        checked = try checkPrerequisites(task)
        let data = configuration.data ?? BaseModelFolder.defaultData(model: configuration.model)
        try BaseModelFolder.requireFolder(configuration.model)
        let (model, tokenizer) = try BaseModelFolder.openWithTokenizer(
            path: configuration.model, weights: configuration.weights)
        try resolved.check(contextLength: model.configuration.contextLength)
        try resolved.checkAdapter(of: model.configuration)
        let chat = try tokenizer.chatContext(
            system: configuration.system, date: configuration.date,
            names: (resolved.location(of: .system), resolved.location(of: .date)))
        // A resumed run makes the prompts of the day of its start.
        configuration.date = chat?.date
        configuration.weights = WeightChoice(model.weightType)
        resolved = ResolvedConfiguration(configuration: configuration, locations: resolved.locations)
        self.resolved = resolved
        checked.append(tokenizer.chatTemplate.map { "tokenizer, chat template \($0.path)" } ?? "tokenizer")
        let reader = TaskReader(
            task, folder: data, tokenizer: tokenizer, model: model.configuration, maxTokens: configuration.maxTokens,
            onBadRecord: configuration.onBadRecord, onLongPrompt: configuration.onLongPrompt, chat: chat)
        let training = try reader.problems(.train)
        let validation = try reader.problems(.valid, first: configuration.validationProblems)
        validationSplit = validation.total
        notices = training.notices.map { "train: \($0)" } + validation.notices.map { "valid: \($0)" }
        let longest = max(training.longest, validation.longest)
        checked.append(
            "\(training.problems.count + validation.problems.count) prompts: the longest with its completion has "
                + "\(longest + configuration.maxTokens) of \(model.configuration.contextLength) tokens")
        try model.checkWeights()
        checked.append("\(model.configuration.weights.count) weights, all finite")
        let parameterisation = try Self.parameterisation(configuration, model, singularValues)
        definition = TrainingDefinition(
            name: name, configuration: configuration, model: JobModel(model), parameterisation: parameterisation,
            training: training.problems.map(\.withoutReference),
            validation: validation.problems.map(\.withoutReference), stopStrings: task.stopStrings(reader.form))
        try definition.checkLeases(resolved)
    }

    private static func parameterisation(
        _ configuration: RunConfiguration, _ model: BaseModelFolder, _ singularValues: SingularValues
    ) throws -> Parameterisation {
        if configuration.adapter == .lora, let rank = configuration.rank, let alpha = configuration.alpha {
            return .lora(
                LoRALayout(model: model.configuration, targets: configuration.targetModules, rank: rank, alpha: alpha))
        }
        let layout = ExpertLayout(model: model.configuration, targets: configuration.targetModules)
        switch configuration.parameterisation {
        case .direct: return .direct(layout)
        case .sigmoid: return try .sigmoid(layout, singularValues: singularValues(model, layout))
        }
    }
}
