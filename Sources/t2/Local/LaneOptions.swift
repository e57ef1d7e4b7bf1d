import ArgumentParser
import T2CommandLine
import T2Core

/// The number of lanes of a command.
struct LaneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads that compute, or auto for one per core. Their number changes speed, never results.", valueName: "n"
        ))
    var lanes = LaneCount.auto

    var count: Int { lanes.requested ?? MachineResources().cores }
}
