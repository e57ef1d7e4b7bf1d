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
        case float32, bfloat16, float16

        var element: TensorElement {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        }
    }

    @OptionGroup var model: ModelOptions

    @Option(help: ArgumentHelp("Expert file of this base model, or a PEFT LoRA folder.", valueName: "path"))
    var expert: String

    @Option(help: ArgumentHelp("Folder to create; it must not exist.", valueName: "dir"))
    var output: String

    @Option(help: "Type of the weights. (default: the base model's)")
    var dtype: ElementType?

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Result: Encodable {
        let path: String
        let digest: String
        let base_model_digest: String
        let expert: String
        let matrices: Int
        let element_types: [String]
        let bytes: Int
    }

    func run() throws {
        try AtomicFolder.checkAbsence(of: output)
        let destination = try OutputDestination(checking: output)
        let (folder, _) = try model.openFolder()
        let source = try ExpertFile(path: expert, for: folder)
        let base = try BaseModel(fitting: folder, choosesWeights: false)
        let merged = try ProgressReporter.during("decomposing", "matrices") {
            try MergedModelFolder(base, expert: source, progress: $0)
        }
        try merged.write(to: destination.path, element: dtype?.element)
        let written = try BaseModelFolder(path: destination.path)
        let result = Result(
            path: output, digest: written.digest.hexadecimal, base_model_digest: folder.digest.hexadecimal,
            expert: expert, matrices: merged.changedCount, element_types: written.elementTypes,
            bytes: written.files.reduce(0) { $0 + $1.file.count })
        guard !json else { return try StandardOutput.write(JSONText.line(result)) }
        try StandardOutput.write(
            "wrote \(output): \(PlainText.bytes(result.bytes)) of \(result.element_types.joined(separator: ", ")), "
                + "\(result.matrices) matrices merged; digest \(written.digest.short)\n")
    }
}
