import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model

/// Merges an expert into the weights of a base model.
struct MergeExpertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Writes a base model with an expert merged into its weights as a Hugging Face folder.",
        discussion: """
            The folder holds config.json, the tokenizer's files and one model.safetensors, and loads wherever the base model \
            does. Each weight keeps its type in the base model unless --dtype names one. The folder is written atomically.

            Example:
              t2 experts merge --model experts/tiny/base \\
                --expert experts/tiny/math.safetensors --output math-model
            """)

    /// The element types of written weights.
    enum ElementType: String, ExpressibleByArgument, CaseIterable {
        case float32
        case bfloat16
        case float16

        var element: TensorElement {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        }
    }

    @OptionGroup var model: ModelOptions

    @Option(
        name: .customLong("expert"),
        help: ArgumentHelp("Expert file of this base model, or a PEFT LoRA folder.", valueName: "path"))
    var expertPath: String

    @Option(name: .customLong("output"), help: ArgumentHelp("Folder to create; it must not exist.", valueName: "dir"))
    var outputPath: String

    @Option(help: "Type of the weights. (default: the base model's)")
    var dtype: ElementType?

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Output: Encodable {
        let path: String
        let digest: String
        let base_model_digest: String
        let expert: String
        let matrices: Int
        let element_types: [String]
        let bytes: Int
    }

    func run() throws {
        try AtomicFolder.checkAbsence(of: outputPath)
        let destination = try OutputDestination(checking: outputPath)
        let (folder, _) = try model.openFolder()
        let expert = try ExpertFile(path: expertPath, for: folder)
        let merged = try merge(expert, into: try BaseModel(folder))
        try merged.write(to: destination.path, element: dtype?.element)
        let written = try BaseModelFolder(path: destination.path)
        let output = Output(
            path: outputPath, digest: written.digest.hexadecimal, base_model_digest: folder.digest.hexadecimal,
            expert: expertPath, matrices: merged.changedCount,
            element_types: Set(written.files.flatMap(\.tensors.values).map(\.element.rawValue)).sorted(),
            bytes: written.files.reduce(0) { $0 + $1.file.count })
        guard !json else { return try StandardOutput.write(JSONText.line(output)) }
        try StandardOutput.write(
            "wrote \(outputPath): \(PlainText.bytes(output.bytes)) of \(output.element_types.joined(separator: ", ")), "
                + "\(output.matrices) matrices merged; digest \(written.digest.short)\n")
    }

    private func merge(_ expert: ExpertFile, into base: BaseModel) throws -> MergedModelFolder {
        let reporter = ProgressReporter("decomposing")
        defer { reporter.finish() }
        return try MergedModelFolder(base, expert: expert) { reporter.report($0, of: $1, "matrices") }
    }
}
