import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model

/// Writes an SVF expert as a LoRA adapter.
struct ExportExpertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes an SVF expert as a LoRA adapter in a PEFT folder, for other programs.",
        discussion: """
            Of each weight's change U diag(σ ⊙ (z − 1)) Vᵀ the adapter holds the --lora largest terms by |σ(z − 1)|, \
            which are the best approximation of that rank. The command prints the share of the squared changes that is \
            kept, over all weights and the least of one weight, for this rank and others, and how far the adapter's \
            log-probabilities are from the expert's: the mean and the largest difference of a token, and the same for \
            the base model. The tokens are those of the expert's greedy answers to a few bundled prompts, or of the \
            texts of --input, {"text": …} or {"ids": […]} on each line as in t2 score. t2 runs the folder too \
            (--expert). The folder is written atomically.

            Examples:
              t2 experts export experts/tiny/math.safetensors \\
                --model experts/tiny/base --lora 16 --output math-lora
              t2 experts export experts/tiny/math.safetensors \\
                --model experts/tiny/base --lora 16 --output math-lora \\
                --input texts.jsonl --json
            """)

    @Argument(help: ArgumentHelp("SVF expert file of this base model.", valueName: "expert"))
    var expert: String

    @OptionGroup var model: ModelOptions

    @Option(
        help: ArgumentHelp(
            "Rank of the adapter; at most the number of singular values of the smallest changed weight.",
            valueName: "rank"))
    var lora: Int

    @Option(help: ArgumentHelp("Folder to create; it must not exist.", valueName: "dir"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "JSON Lines file of texts to compare; - is standard input. (default: greedy answers)", valueName: "file"))
    var input: String?

    @OptionGroup var laneOptions: LaneOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws { try require("--lora", lora, atLeast: 1) }

    func run() throws {
        try AtomicFolder.checkAbsence(of: output)
        let destination = try OutputDestination(checking: output)
        let lines = try input.map { try LineReader(path: $0) }
        let (folder, tokenizer) = try model.openFolder()
        let source = try ExpertFile(path: expert, for: folder)
        let adapter = try ProgressReporter.during("decomposing", "matrices") {
            try LowRankExpert(source, of: folder, rank: lora, location: expert, progress: $0)
        }
        let base = try BaseModel(fitting: folder, choosesWeights: false)
        let difference = try ProgressReporter.during("decomposing", "matrices") {
            try LogProbabilityDifference(
                of: source.policy, .lora(adapter.vector),
                texts: lines.map { ScoreRequestReader($0, tokenizer, folder.configuration) }, base, tokenizer,
                lanes: LanePool(base, count: laneOptions.count), progress: $0)
        }
        try AtomicFolder.write(to: destination.path) { try adapter.folder(baseModel: model.path).write(to: $0) }
        let description = ExportDescription(
            path: output, expert: expert, base_model_digest: folder.digest.hexadecimal, rank: adapter.rank,
            matrices: adapter.layout.matrices.count, values: adapter.vector.values.count,
            share: adapter.share(rank: adapter.rank), log_probability: difference, curve: adapter.curve)
        try StandardOutput.write(json ? JSONText.line(description) : description.text)
    }
}

/// What `t2 experts export` prints.
private struct ExportDescription: Encodable {
    let path: String
    let expert: String
    let base_model_digest: String
    let rank: Int
    let matrices: Int
    let values: Int
    /// Of the written rank.
    let share: LowRankExpert.Share
    let log_probability: LogProbabilityDifference
    /// Of the ranks 1, 2, 4 and so on, and of the full rank.
    let curve: [LowRankExpert.Share]

    var text: String {
        func number(_ value: Double) -> String { String(format: "%.5f", value) }
        let (kept, least) = (PlainText.percent(share.kept), PlainText.percent(share.least_kept))
        let (found, tokens) = (log_probability, PlainText.count(log_probability.tokens))
        let summary = PlainText.table([
            ("wrote", path),
            (
                "rank",
                "\(rank), \(PlainText.count(values)) values in \(matrices) \(matrices == 1 ? "matrix" : "matrices")"
            ),
            ("share kept", "\(kept) % (least of a matrix \(least) %)"),
            (
                "|Δ log p|",
                "mean \(number(found.mean)), largest \(number(found.largest)) of \(tokens) tokens"
            ), ("of the base model", "mean \(number(found.base_mean)), largest \(number(found.base_largest))"),
        ])
        let rows = curve.map { [String($0.rank), PlainText.percent($0.kept), PlainText.percent($0.least_kept)] }
        return summary + "\n" + PlainText.columns(["rank", "kept %", "least %"], rows, textColumns: 0)
    }
}
