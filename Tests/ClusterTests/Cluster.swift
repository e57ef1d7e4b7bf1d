import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

/// A run of the bundled model, small enough for a test and real in every part: programs, sockets, database, sandbox.
final class Cluster {
    let folder: String
    var runFolder: String { folder + "/run" }

    static let model = Repository.path + "/experts/tiny/base"

    /// Three updates of 24 prompts in 6 units each, evaluated at the start and at the end.
    static let settings = [
        "prompts-per-step=24", "prompts-per-unit=4", "max-tokens=40", "validation-problems=24", "evaluate-every=3",
    ]

    init() throws {
        folder = NSTemporaryDirectory() + "t2-cluster-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func coordinator(
        task: String = "gsm-mini", steps: Int = 3, bind: String = "tcp://127.0.0.1:0", resume: Bool = false,
        extra: [String] = []
    ) throws -> RunningProgram {
        var arguments = ["start", "--run-dir", runFolder, "--bind", bind]
        if resume {
            arguments.append("--resume")
        } else {
            arguments += ["--model", Self.model, "--task", task, "--steps", String(steps), "--seed", "11"]
            arguments += Self.settings.flatMap { ["--set", $0] }
        }
        return try RunningProgram("t2-coord", arguments + extra)
    }

    func worker(
        _ endpoint: String, model: String = Cluster.model, lanes: Int = 1, name: String, extra: [String] = []
    ) throws -> RunningProgram {
        try RunningProgram(
            "t2-worker",
            ["join", endpoint, "--model", model, "--lanes", String(lanes), "--name", name, "--verbose"] + extra)
    }

    /// The address that a coordinator says it listens on.
    func endpoint(_ coordinator: RunningProgram) async throws -> String {
        let line = await coordinator.line(containing: "listening on ")
        let text = try #require(line, "the coordinator did not listen:\n\(coordinator.text)")
        return try #require(text.firstMatch(of: /tcp:\/\/127\.0\.0\.1:\d+/)).output.description
    }

    func digest(_ name: String) throws -> Digest {
        try MappedFile(path: runFolder + "/" + name).withBytes { Digest(of: $0) }
    }

    /// The updates that metrics.jsonl has a line for, in its order.
    func recordedSteps() throws -> [Int] {
        struct Line: Decodable {
            let kind: String
            let step: Int
        }
        let text = try String(contentsOfFile: runFolder + "/metrics.jsonl", encoding: .utf8)
        let lines = try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        return lines.filter { $0.kind == "step" }.map(\.step)
    }
}
