import T2Formats
import T2TestSupport

/// A folder of experts for the made-up model of `SampleJobs`, one of which classifies.
struct SampleLibrary {
    let folder: TemporaryFolder
    let experts: ExpertLibrary

    /// - Parameter values: the value of every entry of z, by the expert's name.
    init(_ values: [String: Float] = ["math": 1.03, "code": 0.98]) throws {
        folder = try TemporaryFolder()
        for (name, value) in values { try SampleJobs.expert(value).write(to: "\(folder.path)/\(name).safetensors") }
        try SampleJobs.expert(1.01, task: "classify").write(to: "\(folder.path)/router.safetensors")
        experts = try ExpertLibrary(path: folder.path, model: SampleJobs.model.digest)
    }
}
