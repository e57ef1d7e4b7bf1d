import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model

/// The number of lanes of a command.
struct LaneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Units computed at a time, or auto: one per core, or one for all cores if the model is large and in bf16. Their number "
                + "changes speed, never results.", valueName: "n"
        ))
    var lanes = LaneCount.auto

    var count: Int { lanes.requested ?? MachineResources().cores }

    func plan(_ folder: BaseModelFolder) -> LanePlan {
        LanePlan(
            requested: lanes.requested, resources: MachineResources(),
            model: folder.configuration, type: folder.weightType)
    }

    /// The lanes over a model.
    ///
    /// - Throws: `InputError` if the system refuses their threads.
    func pool(_ base: BaseModel) throws -> LanePool {
        let plan = plan(base.folder)
        return try LanePool(base, count: plan.lanes, threads: plan.threads)
    }
}
