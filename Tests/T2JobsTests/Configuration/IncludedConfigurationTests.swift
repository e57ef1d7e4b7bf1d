import Foundation
import T2Jobs
import T2Core
import T2Tasks
import T2TestSupport
import Testing

@Suite("The configurations that come with t2")
struct IncludedConfigurationTests {
    private static let experts = Repository.path + "/experts"

    /// Every training configuration beside a model.
    private static let files = ["tiny", "llama-3-8b"].flatMap { folder in
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(experts)/\(folder)")) ?? [])
            .filter { $0.hasSuffix(".yaml") && $0 != "report.yaml" && $0 != "classification.yaml" }
            .sorted().map { "\(folder)/\($0)" }
    }

    @Test("are all there")
    func count() { #expect(Self.files.count == 14) }

    @Test("name a task that there is, and settings that a model of 8192 tokens takes", arguments: files)
    func resolve(file: String) throws {
        let resolved = try ConfigurationSource(file: "\(Self.experts)/\(file)", assignments: []).resolve()
        try resolved.check(contextLength: 8192)
        let task = try TaskRegistry.bundled.task(named: resolved.configuration.task)
        #expect(task.splits.contains(.train) && task.splits.contains(.valid))
        #expect(resolved.configuration.model == "\(Self.experts)/\(file.split(separator: "/")[0])/base")
        #expect((resolved.configuration.adapter == .lora) == file.contains("lora-"))
    }
}
