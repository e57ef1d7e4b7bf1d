import ArgumentParser
import T2CommandLine
import Foundation
import T2Core
import T2Numerics

/// Fills the cache of decompositions.
struct DecomposeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decompose",
        abstract: "Computes the singular value decompositions of a model's weights ahead of time.",
        discussion: """
            Every program decomposes the weights that it needs and caches the result. This command does so in advance, for large \
            models. It writes one file per weight to the folder decompositions of $T2_CACHE, else of $XDG_CACHE_HOME/t2, else of \
            ~/.cache/t2. The same command continues after a stop.

            Examples:
              t2 decompose --model experts/tiny/base
              T2_CACHE=/scratch/t2 t2 decompose --model /models/Llama-3-8B --target-modules mlp
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "Matrices to decompose.")
    var targetModules = TargetModules.all

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Output: Encodable {
        let cache: String
        let matrices: Int
        let computed: Int
        let values: Int
        let seconds: Double
    }

    func run() throws {
        let (folder, _) = try model.openFolder()
        let cache = SingularValueCache()
        try prepare(cache)
        let layout = ExpertLayout(model: folder.configuration, targets: targetModules)
        let decomposition = WeightDecomposition(folder, layout: layout, cache: cache)
        let start = ContinuousClock.now
        _ = try ProgressReporter.during("decomposing", "matrices") {
            try decomposition.run(progress: $0) { _ in () }
        }
        // To keep the decompositions is the only purpose of this command.
        if let failure = cache.failure { throw failure }
        let seconds = (ContinuousClock.now - start).seconds
        let output = Output(
            cache: cache.folder, matrices: layout.entries.count, computed: cache.computed,
            values: layout.count, seconds: seconds)
        guard !json else { return try StandardOutput.write(JSONText.line(output)) }
        try StandardOutput.write(
            PlainText.table([
                ("cache", output.cache),
                ("matrices", "\(output.matrices) (\(targetModules.rawValue)), \(output.computed) of them computed now"),
                ("z values", PlainText.count(output.values)), ("time", Duration.seconds(seconds).text),
            ]))
    }

    /// - Throws: `SystemError` or `InputError` if decompositions could not be kept.
    private func prepare(_ cache: SingularValueCache) throws {
        do {
            try FileManager.default.createDirectory(atPath: cache.folder, withIntermediateDirectories: true)
        } catch {
            throw InputError(
                cache.folder, "this folder cannot be created",
                remedy: "Set T2_CACHE to a folder that this user may write to.", exitStatus: .cannotCreate)
        }
        guard access(cache.folder, W_OK | X_OK) == 0 else { throw SystemError("write", cache.folder) }
    }
}
