import Foundation
import T2Core
import T2Learning
import T2Tasks

/// A run made ready: the configuration resolved and checked, the model folder and the data read.
package struct RunPreparation: Sendable {
    /// σ of each entry of a layout, in its order; only the sigmoid parameterisation asks for it.
    package typealias SingularValues = (BaseModelFolder, ExpertLayout) throws -> [[Float]]

    package let resolved: ResolvedConfiguration
    package let definition: RunDefinition
    package let task: TrainingTask
    /// Problems in the validation split; an evaluation uses the first of them.
    package let validationSplit: Int

    /// - Parameter name: of the run.
    /// - Throws: `ConfigurationError`, `InputError`, `SystemError`, `SafetensorsError` or `LearningError`: the first thing
    ///   that would go wrong later.
    package init(_ source: ConfigurationSource, name: String, singularValues: SingularValues) throws {
        resolved = try source.resolve()
        let configuration = resolved.configuration
        task = try TaskRegistry.bundled.task(named: configuration.task)
        let model = try BaseModelFolder(path: configuration.model)
        try resolved.check(contextLength: model.configuration.contextLength)
        let layout = ExpertLayout(model: model.configuration, adaptation: configuration.adapt)
        try Self.checkWeights(model, layout)
        let data = configuration.data ?? ConfigurationSource.defaultData(model: configuration.model)
        let validation = try task.problems(split: .valid, in: data)
        validationSplit = validation.count
        let parameterisation: Parameterisation =
            switch configuration.parameterisation {
            case .direct: .direct(layout)
            case .sigmoid: try .sigmoid(layout, singularValues: singularValues(model, layout))
            }
        definition = RunDefinition(
            name: name, configuration: configuration, model: model.configuration, modelDigest: model.digest,
            tokenizerDigest: model.tokenizerDigest, parameterisation: parameterisation,
            training: try task.problems(split: .train, in: data), validation: validation)
    }

    /// Every adapted weight is there in the shape that config.json says: no worker has to find out later.
    private static func checkWeights(_ model: BaseModelFolder, _ layout: ExpertLayout) throws {
        let names = Set(layout.entries.map(\.name))
        for layer in 0..<model.configuration.layerCount {
            for kind in MatrixKind.allCases where names.contains(kind.name(layer: layer)) {
                let name = kind.name(layer: layer)
                let file = try model.file(of: name)
                let (rows, columns) = kind.shape(model.configuration)
                if let found = file.tensors[name]?.shape, found != [rows, columns] {
                    throw SafetensorsError.unexpectedShape(
                        path: file.path, name: name, expected: [rows, columns], found: found)
                }
            }
        }
    }
}
