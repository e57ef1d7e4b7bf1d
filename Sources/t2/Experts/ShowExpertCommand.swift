import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Formats

/// Shows an expert file or a PEFT LoRA folder.
struct ShowExpertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows where an expert comes from and how far each matrix's z is from 1.",
        discussion: """
            The command needs no base model. The deviation of a matrix is the root mean square of z − 1. For LoRA it shows the \
            norms of A, B and the change s·B·A.

            Examples:
              t2 experts show experts/tiny/math.safetensors
              t2 experts show runs/lora/expert-best
            """)

    @Argument(help: ArgumentHelp("Expert file or PEFT LoRA folder.", valueName: "path"))
    var path: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        if isFolder(path) {
            let description = LoRADescription(try PEFTFolder(path: path), path: path)
            try StandardOutput.write(json ? JSONText.line(description) : description.text)
        } else {
            let description = ExpertDescription(try ExpertFile(path: path), path: path)
            try StandardOutput.write(json ? JSONText.line(description) : description.text)
        }
    }
}

/// What `t2 experts show` prints.
struct ExpertDescription: Encodable {
    /// Statistics of z, of one matrix or of all.
    struct Statistics: Encodable {
        let name: String
        let count: Int
        let minimum: Float
        let mean: Double
        let maximum: Float
        /// √(mean (z − 1)²).
        let rms_deviation: Double

        init?(name: String, _ values: some Collection<Float>) {
            guard let minimum = values.min(), let maximum = values.max() else { return nil }
            let count = Double(values.count)
            self.name = name
            self.count = values.count
            self.minimum = minimum
            self.maximum = maximum
            mean = values.reduce(0.0) { $0 + Double($1) } / count
            rms_deviation = (values.reduce(0.0) { $0 + (Double($1) - 1) * (Double($1) - 1) } / count).squareRoot()
        }
    }

    let path: String
    let format: String
    let base_model_digest: String?
    let task: String?
    let parameterisation: String?
    let step: Int?
    let seed: UInt64?
    let measures: [String: Measure]
    let matrices: [Statistics]
    let all: Statistics?

    init(_ expert: ExpertFile, path: String) {
        let source = expert.description
        self.path = path
        format = ExpertFile.format
        base_model_digest = source.modelDigest?.hexadecimal
        task = source.task
        parameterisation = source.parameterisation
        step = source.step
        seed = source.seed
        measures = source.measures.mapValues(Measure.init)
        matrices = expert.vector.layout.entries.enumerated().compactMap { index, entry in
            Statistics(name: entry.name, expert.vector[entry: index])
        }
        all = Statistics(name: "all", expert.vector.values)
    }

    var text: String {
        var rows: [(name: String, value: String)] = [
            ("expert", path), ("base model", base_model_digest ?? "not named"), ("task", task ?? "not named"),
        ]
        if let parameterisation, let step, let seed {
            rows.append(("trained", "\(parameterisation), step \(step), seed \(seed)"))
        }
        rows += measures.sorted { $0.key < $1.key }.map { ($0.key, $0.value.text) }
        let statistics = (matrices + [all].compactMap(\.self)).map { entry in
            let numbers = [Double(entry.minimum), entry.mean, Double(entry.maximum), entry.rms_deviation]
            return [entry.name, PlainText.count(entry.count)] + numbers.map { String(format: "%.5f", $0) }
        }
        return PlainText.table(rows) + "\n"
            + PlainText.matrices(["values", "least", "mean", "greatest", "deviation"], statistics)
    }
}

/// A measure from an expert file: text, encoded as a number if it is one.
struct Measure: Encodable {
    let text: String

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let number { try container.encode(number) } else { try container.encode(text) }
    }

    /// `Double` also parses nan, infinity and hexadecimal; here these stay text.
    private var number: Double? {
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
}
