import ArgumentParser

/// How completions are sampled.
package struct SamplingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "0 is greedy: the most likely token each time. Above 0, it divides the logits and tokens are sampled.",
            valueName: "t"))
    package var temperature: Float = 0

    @Option(help: ArgumentHelp("Seed of sampling; the same seed gives the same completions.", valueName: "s"))
    package var seed: UInt64 = 0

    package init() {}

    package func validate() throws {
        guard temperature.isFinite, temperature >= 0 else {
            throw ValidationError("--temperature is \(temperature), expected a number of 0 or more.")
        }
    }
}
