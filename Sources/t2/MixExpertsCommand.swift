import ArgumentParser
import Foundation
import T2Adaptation
import T2Core

/// A weighted sum of experts.
struct MixExpertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mix",
        abstract: "Writes the weighted sum of experts of one base model: z = Σ α z.",
        discussion: """
            Coefficients may be any finite numbers and need not sum to 1.

            Example:
              t2 experts mix math.safetensors=0.5 code.safetensors=0.5 \\
                --output mixture.safetensors
            """)

    /// `FILE=COEFFICIENT`, cut at the last `=`, since names of files may hold some.
    struct Part: ExpressibleByArgument {
        let path: String
        let coefficient: Double

        init?(argument: String) {
            guard let cut = argument.lastIndex(of: "="), cut > argument.startIndex,
                let coefficient = Double(argument[argument.index(after: cut)...])
            else { return nil }
            path = String(argument[..<cut])
            self.coefficient = coefficient
        }
    }

    @Argument(help: ArgumentHelp("Expert files with their coefficients.", valueName: "file=coefficient"))
    var parts: [Part]

    @Option(name: .customLong("output"), help: ArgumentHelp("Expert file to write.", valueName: "file"))
    var outputPath: String

    func run() throws {
        let destination = try OutputDestination(checking: outputPath)
        let mixture = try ExpertMixture(
            parts.map { .init(name: $0.path, expert: try ExpertFile(path: $0.path), coefficient: $0.coefficient) })
        let mixed = try mixture.mixed()
        try mixed.write(to: destination.path)
        try StandardOutput.write(
            "wrote \(outputPath): \(PlainText.count(mixed.vector.values.count)) values from \(parts.count) "
                + (parts.count == 1 ? "expert" : "experts") + "\n")
    }
}
