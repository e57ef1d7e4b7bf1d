import ArgumentParser
import T2Core

/// The type in which a command holds the weights.
package struct WeightOptions: ParsableArguments {
    @Option(
        name: .customLong("weights"),
        help: ArgumentHelp(
            "Type of the weights in memory: bf16 is faster and takes half the memory, f32 is exact; auto is bf16 where the processor "
                + "multiplies it and the model is stored in it.", valueName: "type"))
    package var choice = WeightChoice.auto

    package init() {}
}

extension WeightChoice: ExpressibleByArgument {}
