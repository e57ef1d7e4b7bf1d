import Foundation
import T2Core
import T2Formats
import T2TestSupport
import T2Transport
import Testing

@Suite("A run that leaves the finite numbers")
struct ReplayTests {
    private struct Replay: Decodable {
        let unit: String
        let rollouts: Int
        let gradient_digest: String
        let recorded_gradient_digest: String?
    }

    /// Runs until the numbers break.
    ///
    /// - Returns: the evidence folder that the error names, with what it says of the failure.
    private func evidence(_ cluster: Cluster, _ settings: [String]) async throws -> (folder: String, message: String) {
        let coordinator = try cluster.coordinator(
            extra: ["--local-workers", "1"] + settings.flatMap { ["--set", $0] })
        #expect(await coordinator.status() == ExitStatus.data.rawValue, "\(coordinator.text)")
        let command = coordinator.text.firstMatch(of: /t2 replay ([^ ]+) --model/)
        let folder = try #require(command, "no replay is named:\n\(coordinator.text)").1
        return (String(folder), try String(contentsOfFile: folder + "/message.txt", encoding: .utf8))
    }

    private func replay(_ folder: String, _ more: [String] = []) throws -> RunningProgram {
        try RunningProgram("t2", ["replay", folder, "--model", Cluster.model] + more)
    }

    @Test(
        "in sampling or in a gradient leaves a folder that alone replays to the same failure",
        arguments: [
            // The first update throws z out of all bounds, and the next step cannot sample.
            (settings: ["learning-rate=1e30"], what: "the log-probability of token 0 is not finite", rollouts: false),
            // It samples as ever; the gradient of the divergence overflows on its way back through the model.
            (
                settings: ["learning-rate=0.5", "kl-coefficient=3e38"],
                what: "the gradient of 'model.layers.", rollouts: true
            ),
        ])
    func failure(settings: [String], what: String, rollouts: Bool) async throws {
        let cluster = try Cluster()
        let (folder, message) = try await evidence(cluster, settings)
        #expect(message.contains(what))
        let answer = try MessageCodec().decode(Data(contentsOf: URL(fileURLWithPath: folder + "/answer.frame")))
        guard case .error(let report) = answer else {
            Issue.record("expected ERROR, found \(answer.kind)")
            return
        }
        #expect(report.completions.isEmpty == !rollouts)
        // The folder is enough: the run is gone.
        let alone = cluster.folder + "/alone"
        try FileManager.default.moveItem(atPath: folder, toPath: alone)
        try FileManager.default.removeItem(atPath: cluster.runFolder)
        let replay = try replay(alone)
        #expect(await replay.status() == ExitStatus.data.rawValue, "\(replay.text)")
        let error = try #require(replay.lines.last { $0.hasPrefix("error: ") })
        #expect(message.contains(error.dropFirst("error: ".count)), "\(message)\n\(error)")
    }

    @Test("in an update of finite units leaves one whose gradient replays bit for bit")
    func finiteUnit() async throws {
        let cluster = try Cluster()
        let (folder, message) = try await evidence(cluster, ["learning-rate=3e38", "weight-decay=10"])
        #expect(message.contains("p after step 0 is not finite"))
        let output = cluster.folder + "/gradient.safetensors"
        let replay = try replay(folder, ["--json", "--output", output])
        #expect(await replay.status() == 0, "\(replay.text)")
        let found = try JSONDecoder().decode(Replay.self, from: Data(replay.text.utf8))
        #expect(found.rollouts == 4)
        #expect(found.gradient_digest == found.recorded_gradient_digest)
        let file = try SafetensorsFile(path: output)
        let layout = ExpertLayout(
            model: try ModelConfiguration(path: Cluster.model + "/config.json"), targets: .all)
        let values = try layout.entries.flatMap { try file.floats(of: $0.name, shape: [$0.count]) }
        #expect(Digest(of: values).hexadecimal == found.gradient_digest)
    }

    @Test("is not looked for in a folder without evidence")
    func refused() async throws {
        let cluster = try Cluster()
        let empty = try replay(cluster.folder)
        #expect(await empty.status() == ExitStatus.noInput.rawValue, "\(empty.text)")
        #expect(empty.text.contains("there is no lease.json"))
    }
}
