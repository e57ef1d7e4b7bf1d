import ArgumentParser
import T2CommandLine
import T2Core
import T2Formats

/// Lists the experts of a library.
struct ListExpertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the experts in a folder: their tasks, and the accuracy before and after training.",
        discussion: """
            Before and after are the accuracies of the base model and of the expert on the validation split, in percent, as \
            recorded in the files. Subfolders are not searched.

            Examples:
              t2 experts list
              t2 experts list runs/experts --json
            """)

    @Argument(help: ArgumentHelp("Folder of expert files. (default: the bundled experts/tiny)", valueName: "dir"))
    var path: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let library = try ExpertLibrary(path: try path ?? parentFolder(of: BundledExample.baseModelPath()), model: nil)
        let description = try LibraryDescription(library)
        try StandardOutput.write(json ? JSONText.line(description) : description.text)
    }
}

/// What `t2 experts list` prints.
struct LibraryDescription: Encodable {
    struct Row: Encodable {
        let name: String
        let path: String
        let base_model_digest: String?
        let task: String?
        let parameterisation: String?
        let step: Int?
        let base_validation_accuracy: Double?
        let validation_accuracy: Double?
        let values: Int
        let bytes: Int
    }

    let path: String
    let base_model_digest: String?
    let experts: [Row]

    init(_ library: ExpertLibrary) throws {
        path = library.path
        base_model_digest = library.entries.lazy.compactMap(\.expert.description.modelDigest).first?.hexadecimal
        experts = try library.entries.map { entry in
            let source = entry.expert.description
            func accuracy(_ name: String) -> Double? { source.measures[name].flatMap { Double($0) } }
            return Row(
                name: entry.name, path: entry.path, base_model_digest: source.modelDigest?.hexadecimal,
                task: source.task, parameterisation: source.parameterisation, step: source.step,
                base_validation_accuracy: accuracy("base-validation-accuracy"),
                validation_accuracy: accuracy("validation-accuracy"), values: entry.expert.vector.values.count,
                bytes: try MappedFile(path: entry.path).count)
        }
    }

    var text: String {
        func percent(_ accuracy: Double?) -> String { accuracy.map(PlainText.percent) ?? "–" }
        let rows = experts.map { row in
            [
                row.name, row.base_model_digest.map { String($0.prefix(12)) } ?? "–", row.task ?? "–",
                row.parameterisation ?? "–", row.step.map(String.init) ?? "–", percent(row.base_validation_accuracy),
                percent(row.validation_accuracy), PlainText.count(row.values), PlainText.bytes(row.bytes),
            ]
        }
        return PlainText.columns(
            ["name", "base model", "task", "parameterisation", "step", "before", "after", "values", "size"], rows,
            textColumns: 4)
    }
}
