import ArgumentParser
import T2CommandLine
import T2Learning

/// Writes the weighted sum of experts.
struct MixExpertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mix", abstract: "Writes the weighted sum of experts of one base model: z = Σ α z.",
        discussion: """
            Coefficients are numbers from 0 to 1, as a search finds them, and need not sum to 1.

            Examples:
              t2 experts mix math.safetensors=0.5 code.safetensors=0.5 \\
                --output mixture.safetensors
              t2 experts mix math=0.7 code=0.3 --library experts/tiny \\
                --output mixture.safetensors
            """)

    /// `EXPERT=COEFFICIENT`, split at the last `=`, since a file name may contain one.
    struct Part: ExpressibleByArgument {
        let expert: String
        let coefficient: Double

        init?(argument: String) {
            guard let cut = argument.lastIndex(of: "="), cut > argument.startIndex,
                let coefficient = Double(argument[argument.index(after: cut)...])
            else { return nil }
            expert = String(argument[..<cut])
            self.coefficient = coefficient
        }
    }

    @OptionGroup var library: LibraryOptions

    @Argument(help: ArgumentHelp("Experts with their coefficients.", valueName: "expert=coefficient"))
    var parts: [Part]

    @Option(help: ArgumentHelp("Expert file to write.", valueName: "file"))
    var output: String

    func validate() throws {
        for part in parts where !(0...1).contains(part.coefficient) {
            throw ValidationError(
                "the coefficient of \(part.expert) is \(part.coefficient), expected a number from 0 to 1.")
        }
    }

    func run() throws {
        let destination = try OutputDestination(checking: output)
        let experts = try library.experts(parts.map(\.expert))
        let mixed = try ExpertMixture.mixed(zip(experts, parts).map { ($0.path, $0.expert, $1.coefficient) })
        try mixed.write(to: destination.path)
        try StandardOutput.write(
            "wrote \(output): \(PlainText.count(mixed.vector.values.count)) values from \(parts.count) "
                + (parts.count == 1 ? "expert" : "experts") + "\n")
    }
}
