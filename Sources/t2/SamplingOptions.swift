import ArgumentParser
import T2Core

/// How completions are drawn.
struct SamplingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "0 is greedy: the most likely token each time. Above 0, logits are divided by it and tokens are drawn.",
            valueName: "t"))
    var temperature: Float = 0

    @Option(help: ArgumentHelp("Seed of the draws; the same seed gives the same completions.", valueName: "s"))
    var seed: UInt64 = 0

    func validate() throws {
        guard temperature.isFinite, temperature >= 0 else {
            throw ValidationError("--temperature is \(temperature), expected a number of 0 or more.")
        }
    }
}

/// Distributions cut off at their unlikely end; for reading, not for training.
struct TruncationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Draw among the k most likely tokens.", valueName: "k"))
    var topK: Int?

    @Option(help: ArgumentHelp("Draw among the fewest tokens whose probability reaches p.", valueName: "p"))
    var topP: Float?

    func validate() throws {
        if let topK, topK < 1 { throw ValidationError("--top-k is \(topK), expected 1 or more.") }
        if let topP, !(topP > 0 && topP <= 1) {
            throw ValidationError("--top-p is \(topP), expected a number above 0 and at most 1.")
        }
    }
}
