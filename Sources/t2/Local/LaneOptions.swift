import ArgumentParser
import T2CommandLine
import T2Core

/// The lanes of a command that has work for several.
struct LaneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads that run the model, or auto for one a core. It changes speed, never results.", valueName: "n"))
    var lanes = LaneCount.auto

    var count: Int { lanes.requested ?? MachineResources().cores }
}
