import ArgumentParser
import Foundation
import T2CommandLine
import T2Formats

/// Compares two experts.
struct CompareExpertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows how far apart two experts of one base model are, and which matrices differ most.",
        discussion: """
            The cosine compares z − 1 of both: it is 1 if they change the same singular values in the same proportion, and 0 if \
            they have nothing in common. A weight that only one expert adapts counts as z = 1 in the other.

            Examples:
              t2 experts diff experts/tiny/math.safetensors \\
                experts/tiny/code.safetensors
              t2 experts diff math code --library experts/tiny --top 3
            """)

    @OptionGroup var library: LibraryOptions

    @Argument(help: ArgumentHelp("The first expert.", valueName: "a"))
    var first: String

    @Argument(help: ArgumentHelp("The second expert.", valueName: "b"))
    var second: String

    @Option(help: ArgumentHelp("Number of matrices to show, those with the largest difference.", valueName: "n"))
    var top = 10

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws { try require("--top", top, atLeast: 0) }

    func run() throws {
        let experts = try library.experts([first, second])
        let difference = try ExpertDifference(experts[0], experts[1])
        let description = DifferenceDescription(
            a: experts[0].path, b: experts[1].path, all: difference.all, matrix_count: difference.matrices.count,
            matrices: Array(difference.matrices.prefix(top)))
        try StandardOutput.write(json ? JSONText.line(description) : description.text)
    }
}

/// What `t2 experts diff` prints.
struct DifferenceDescription: Encodable {
    let a: String
    let b: String
    let all: ExpertDifference.Norms
    let matrix_count: Int
    /// The matrices with the largest ‖z_A − z_B‖, in descending order.
    let matrices: [ExpertDifference.Matrix]

    var text: String {
        func number(_ value: Double) -> String { String(format: "%.5f", value) }
        func cosine(_ value: Double?) -> String { value.map(number) ?? "–" }
        let summary = PlainText.table([
            ("A", a), ("B", b), ("values", "\(PlainText.count(all.count)) in \(matrix_count) matrices"),
            ("‖z_A‖, ‖z_B‖", "\(number(all.a)), \(number(all.b))"),
            ("‖z_A − 1‖, ‖z_B − 1‖", "\(number(all.a_change)), \(number(all.b_change))"),
            ("‖z_A − z_B‖", number(all.difference)), ("cosine of z − 1", cosine(all.cosine)),
        ])
        guard !matrices.isEmpty else { return summary }
        let rows = matrices.map { matrix in
            [
                matrix.name, number(matrix.norms.difference), cosine(matrix.norms.cosine), String(matrix.largest.index),
                number(Double(matrix.largest.a)), number(Double(matrix.largest.b)),
            ]
        }
        return summary + "\n"
            + PlainText.columns(
                ["largest differences", "‖z_A − z_B‖", "cosine", "most at", "z_A", "z_B"], rows, textColumns: 1)
    }
}
