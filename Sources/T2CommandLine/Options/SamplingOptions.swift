import ArgumentParser
import T2Core

/// How completions are drawn.
package struct SamplingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "0 is greedy: the most likely token each time. Above 0, logits are divided by it and tokens are drawn.",
            valueName: "t"))
    package var temperature: Float = 0

    @Option(help: ArgumentHelp("Seed of the draws; the same seed gives the same completions.", valueName: "s"))
    package var seed: UInt64 = 0

    package init() {}

    package func validate() throws {
        guard temperature.isFinite, temperature >= 0 else {
            throw ValidationError("--temperature is \(temperature), expected a number of 0 or more.")
        }
    }
}
