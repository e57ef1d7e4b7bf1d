import ArgumentParser
import T2Core
import T2Formats
import T2Learning

extension FewShotSearch.Method: ExpressibleByArgument {}

/// The settings of a few-shot search.
package struct FewShotOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Number of labelled examples.", valueName: "n"))
    package var shots = 10

    @Option(help: "cem: the cross-entropy method; gradient: the policy gradient on α; random: the control.")
    package var method = FewShotSearch.Method.cem

    @Flag(help: "A coefficient per expert and matrix, instead of one per expert.")
    package var perLayer = false

    @Flag(help: "Divide the coefficients by their sum.")
    package var normalize = false

    @Option(help: ArgumentHelp("Candidates per iteration.", valueName: "n"))
    package var population = 32

    @Option(
        help: ArgumentHelp(
            "Fraction of the best candidates, around which cem draws the next ones. (default: 0.2)", valueName: "x"))
    package var eliteRatio: Double?

    @Option(help: ArgumentHelp("Maximum number of iterations.", valueName: "n"))
    package var iterations = 50

    @Option(help: ArgumentHelp("End after this many iterations without a better candidate.", valueName: "n"))
    package var patience = 10

    @Option(help: ArgumentHelp("Seed of the shots and the candidates.", valueName: "s"))
    package var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Expert file to write.", valueName: "file"))
    package var output: String

    package init() {}

    package func validate() throws {
        try require("--shots", shots, atLeast: 1)
        try require("--population", population, atLeast: method == .gradient ? 3 : 2)
        try require("--iterations", iterations, atLeast: 1)
        try require("--patience", patience, atLeast: 1)
        guard let eliteRatio else { return }
        guard method == .cem else {
            throw ValidationError("--elite-ratio needs --method cem: leave it out with --method \(method.rawValue).")
        }
        guard eliteRatio > 0, eliteRatio <= 1 else {
            throw ValidationError("--elite-ratio is \(eliteRatio), expected a number above 0 and at most 1.")
        }
    }

    package func settings() -> FewShotSearch.Settings {
        var settings = FewShotSearch.Settings()
        settings.method = method
        settings.population = population
        if let eliteRatio { settings.eliteRatio = eliteRatio }
        settings.iterations = iterations
        settings.patience = patience
        settings.seed = seed
        return settings
    }

    package func mixture(_ entries: [ExpertLibrary.Entry]) throws -> MixtureParameterisation {
        try MixtureParameterisation(mixing: entries, scope: perLayer ? .perMatrix : .shared, isNormalized: normalize)
    }
}
