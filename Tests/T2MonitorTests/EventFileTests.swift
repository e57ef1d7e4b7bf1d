import Foundation
import T2Coordinator
import T2Core
import T2Jobs
import T2TestSupport
import T2Monitor
import Testing

@Suite("An event file for TensorBoard")
struct EventFileTests {
    /// Metrics whose numbers follow from the step.
    static func steps(_ range: ClosedRange<Int>) throws -> [StepMetrics] {
        let numbers = [
            "sequences", "rewardMean", "accuracy", "right", "wrong", "noAnswer", "cutOff", "unfinishedShare",
            "policyLoss", "gradientNorm", "learningRate", "equalRewardGroups", "largestLogProbabilityDifference",
            "completionTokensMean", "completionTokens", "tokensPerSecond", "seconds", "collectSeconds", "updateSeconds",
            "checkpointSeconds", "samplingSeconds", "rewardSeconds", "gradientSeconds", "workers", "units",
            "unitsHandedOutTwice", "failures",
        ]
        return try range.map { step in
            var object: [String: Any] = Dictionary(
                uniqueKeysWithValues: numbers.enumerated().map { ($1, step * 10 + $0) })
            object["step"] = step
            object["missing"] = ["the sandbox broke": step]
            return try JSONDecoder().decode(StepMetrics.self, from: JSONSerialization.data(withJSONObject: object))
        }
    }

    static func evaluations(_ steps: [Int]) throws -> [EvaluationMetrics] {
        try steps.map { step in
            let object: [String: Any] = [
                "step": step, "problems": 10, "correct": 5, "accuracy": 0.5, "lower": 0.25, "upper": 0.75,
                "noAnswerShare": 0.125, "completionTokensMean": 3, "isBest": true, "bestStep": step,
                "bestAccuracy": 0.5,
            ]
            return try JSONDecoder().decode(
                EvaluationMetrics.self, from: JSONSerialization.data(withJSONObject: object))
        }
    }

    private static func bytes(_ last: Int) throws -> [UInt8] {
        let times = [RunStore.RoundPart(step: 0, phase: .train): Date(timeIntervalSince1970: 1_700_000_000.5)]
        return EventFile.events(try steps(1...last), try evaluations([0, 2].filter { $0 <= last }), times: times)
    }

    private static func content(_ file: EventFile) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: file.path)))
    }

    @Test("has the checksum of the standard's test vector")
    func checksum() {
        #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    }

    @Test("grows by what is new, and by nothing if there is nothing, also for a new process")
    func growth() throws {
        let folder = try TemporaryFolder()
        var file = try EventFile(folder: folder.path)
        try file.update(Self.bytes(2))
        #expect(try Self.content(file) == Self.bytes(2))
        var status = stat()
        stat(file.path, &status)
        let inode = status.st_ino
        try file.update(Self.bytes(3))
        var next = try EventFile(folder: folder.path)
        try next.update(Self.bytes(3))
        try next.update(Self.bytes(5))
        #expect(try Self.content(file) == Self.bytes(5))
        stat(file.path, &status)
        #expect(status.st_ino == inode, "it was replaced, so that a reader that has it open sees nothing new")
    }

    @Test("is whole again after a torn write, and of a run that went back it has each step once")
    func repair() throws {
        let folder = try TemporaryFolder()
        var file = try EventFile(folder: folder.path)
        try file.update(Self.bytes(3))
        for torn in [Array(try Self.bytes(4).dropLast(7)), try Self.bytes(6), [1, 2, 3]] {
            try Data(torn).write(to: URL(fileURLWithPath: file.path))
            var next = try EventFile(folder: folder.path)
            try next.update(Self.bytes(4))
            #expect(try Self.content(file) == Self.bytes(4))
        }
        try FileManager.default.removeItem(atPath: file.path)
        try file.update(Self.bytes(5))
        #expect(try Self.content(file) == Self.bytes(5))
    }

    @Test(
        "holds for TensorBoard's own reader the numbers of the metrics",
        .enabled(if: python != nil, "no Python with tensorboard: python3 -m pip install tensorboard"))
    func reader() async throws {
        let folder = try TemporaryFolder()
        var file = try EventFile(folder: folder.path)
        try file.update(Self.bytes(3))
        try file.update(Self.bytes(40))
        let script = """
            import json, sys
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
            events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
            events.Reload()
            tags = events.Tags()['scalars']
            print(json.dumps({tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in tags}))
            """
        let data = try await blocking {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Self.python ?? "")
            process.arguments = ["-c", script, folder.path]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            return pipe.fileHandleForReading.readDataToEndOfFile()
        }
        let read = try JSONDecoder().decode([String: [[Double]]].self, from: data)
        let steps = try Self.steps(1...40)
        for metric in LearningMetrics.training {
            let expected = steps.compactMap { step in metric.value(step).map { [Double(step.step), Double(Float($0))] }
            }
            #expect((read["train/\(metric.name)"] ?? []).map { Array($0.prefix(2)) } == expected, "\(metric.name)")
        }
        #expect(read["validation/accuracy"]?.map { Array($0.prefix(2)) } == [[0, 0.5], [2, 0.5]])
        #expect(read["train/accuracy"]?.first?.last == 1_700_000_000.5)
        #expect(read["train/kl"] == nil)
    }

    /// A Python that can import tensorboard: `T2_TENSORBOARD` names one, otherwise the repository's environment or the system's.
    private static let python: String? = {
        let named = ProcessInfo.processInfo.environment["T2_TENSORBOARD"].map { [$0] }
        return (named ?? [Repository.path + "/.venv/bin/python", "/usr/bin/python3"]).first { path in
            guard FileManager.default.isExecutableFile(atPath: path) else { return false }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = ["-c", "import tensorboard"]
            process.standardError = FileHandle.nullDevice
            try? process.run()
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }()
}
