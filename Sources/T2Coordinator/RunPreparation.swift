import Foundation
import T2Core
import T2Evaluation
import T2Learning
import T2Sandbox
import T2Tasks
import T2Text

/// A run made ready: the configuration resolved, and everything checked that a step, a worker or the disk would find wrong
/// later.
package struct RunPreparation: Sendable {
    /// σ of each entry of a layout, in its order; only the sigmoid parameterisation asks for it.
    package typealias SingularValues = (BaseModelFolder, ExpertLayout) throws -> [[Float]]

    /// Where a run leaves what it makes, and who computes for it.
    package struct Place: Sendable {
        package let runFolder: String
        package let resume: Bool
        /// The `t2-worker` to start on this machine; nil if all workers come from elsewhere.
        package let workerProgram: String?
        /// What those workers run model-written programs in.
        package let isolation: ProgramIsolation

        package init(
            runFolder: String, resume: Bool = false, workerProgram: String? = nil,
            isolation: ProgramIsolation = .bubblewrap
        ) {
            self.isolation = isolation
            self.runFolder = runFolder
            self.resume = resume
            self.workerProgram = workerProgram
        }
    }

    package let resolved: ResolvedConfiguration
    package let definition: RunDefinition
    package let task: TrainingTask
    /// Problems in the validation split; an evaluation uses the first of them.
    package let validationSplit: Int
    /// What was left out of the data, for people.
    package let notices: [String]
    /// What was found in order, for people.
    package private(set) var checked: [String]

    /// What is quickly found wrong comes first. Makes nothing.
    ///
    /// - Throws: `ConfigurationError`, `InputError`, `SystemError`, `SafetensorsError`, `PromptError`, `SandboxError` or
    ///   `LearningError`: the first thing that would go wrong later.
    package init(_ source: ConfigurationSource, at place: Place, singularValues: SingularValues) throws {
        try RunFolder.check(path: place.runFolder, resume: place.resume)
        try RunFolder.requireTraining(place.runFolder)
        resolved = try source.resolve()
        let configuration = resolved.configuration
        task = try TaskRegistry.bundled.task(named: configuration.task)
        try RunFolder.checkPlace(place.runFolder)
        checked = ["run folder"]
        if let program = place.workerProgram {
            try LocalWorkers.requireProgram(program)
            checked.append("t2-worker")
            let verifier = try Verifier(parallelism: 1, tasks: [task], isolation: place.isolation)
            if task.needsSandbox {
                try verifier.requireSandbox()
                checked.append("program sandbox")
            }
        }
        let data = configuration.data ?? BaseModelFolder.defaultData(model: configuration.model)
        try BaseModelFolder.requireFolder(configuration.model)
        let (model, tokenizer) = try BaseModelFolder.openWithTokenizer(path: configuration.model)
        try resolved.check(contextLength: model.configuration.contextLength)
        try resolved.checkAdapter(of: model.configuration)
        checked.append(tokenizer.chatTemplate.map { "tokenizer, chat template \($0.family.rawValue)" } ?? "tokenizer")
        let reader = TaskReader(
            task, folder: data, tokenizer: tokenizer, model: model.configuration, maxTokens: configuration.maxTokens,
            onBadRecord: configuration.onBadRecord, onLongPrompt: configuration.onLongPrompt)
        let (training, validation) = (
            try reader.problems(.train), try reader.problems(.valid, first: configuration.validationProblems)
        )
        validationSplit = validation.total
        notices =
            training.notices.map { "train: \($0)" } + validation.notices.map { "valid: \($0)" }
        let longest = max(training.longest, validation.longest)
        checked.append(
            "\(training.problems.count + validation.problems.count) prompts: the longest with its completion has "
                + "\(longest + configuration.maxTokens) of \(model.configuration.contextLength) tokens")
        try model.checkWeights()
        checked.append("\(model.configuration.weights.count) weights, all finite")
        let parameterisation = try Self.parameterisation(configuration, model, singularValues)
        definition = RunDefinition(
            name: RunFolder.name(path: place.runFolder), configuration: configuration, model: model.configuration,
            modelDigest: model.digest, tokenizerDigest: model.tokenizerDigest, parameterisation: parameterisation,
            training: training.problems.map(\.withoutReference),
            validation: validation.problems.map(\.withoutReference), stopStrings: task.stopStrings(reader.form))
        _ = try LeaseCheck(definition, resolved)
    }

    private static func parameterisation(
        _ configuration: RunConfiguration, _ model: BaseModelFolder, _ singularValues: SingularValues
    ) throws -> Parameterisation {
        if configuration.adapter == .lora, let rank = configuration.rank, let alpha = configuration.alpha {
            return .lora(
                LoRALayout(model: model.configuration, adaptation: configuration.adapt, rank: rank, alpha: alpha))
        }
        let layout = ExpertLayout(model: model.configuration, adaptation: configuration.adapt)
        switch configuration.parameterisation {
        case .direct: return .direct(layout)
        case .sigmoid: return try .sigmoid(layout, singularValues: singularValues(model, layout))
        }
    }
}
