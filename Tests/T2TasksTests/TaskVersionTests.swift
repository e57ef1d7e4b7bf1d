import Foundation
import T2TestSupport
import T2Tasks
import Testing

@Suite("The version of a task")
struct TaskVersionTests {
    private static func task(_ folder: TemporaryFolder, verifier: String) throws -> TrainingTask {
        try folder.write(
            """
            name: shop
            version: 3
            prompt: "{question}"
            splits: {train: train.jsonl}
            verifier: {kind: external, command: [python3, verify.py]}
            """, to: "task.yaml")
        try folder.write(verifier, to: "verify.py")
        return try OwnTask(folder: folder.path).trainingTask
    }

    @Test("is the same in every copy of its folder, and another one if its verifier differs")
    func copies() throws {
        let folders = try (0..<3).map { _ in try TemporaryFolder() }
        let versions = try zip(folders, ["print(1)", "print(1)", "print(2)"]).map { folder, verifier in
            try #require(TrainingTask.versions([try Self.task(folder, verifier: verifier)])["shop"])
        }
        #expect(versions[0] == versions[1] && versions[0] != versions[2])
        #expect(versions[0].hasPrefix("3 ("))
    }

    @Test("of each bundled task is told by its name")
    func bundled() {
        let tasks = TaskRegistry.bundled.tasks
        let versions = TrainingTask.versions(tasks)
        #expect(Set(versions.keys) == Set(tasks.map(\.name)))
        #expect(Set(versions.values).count == tasks.count)
    }
}
