import ArgumentParser
import Foundation
import T2CommandLine
import T2Coordinator
import T2Core
import T2Engine
import T2Formats
import T2Jobs
import T2Model
import T2Sandbox

/// What is saved by doing work together, once or not at all: each way beside the one that it replaced.
struct CostBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "costs",
        abstract:
            "What is saved by commits, judgements and passes that are shared or left out, beside the ways they replaced."
    )

    @OptionGroup var model: ModelOptions

    @Option(help: "Rounds of each measurement, after one that is not counted.")
    var rounds = 5

    /// Results of a step, and values of a gradient, as of the bundled model's experts.
    private static let (results, gradient, together) = (256, 4_352, 64)

    func validate() throws {
        try Bench.check([("--rounds", rounds)])
    }

    func run() throws {
        try commits()
        try sums()
        let engine = try model.engine()
        compare(
            "gradient step of 64 sequences with λ = 0", "with a reference pass", "without",
            { _ = engine.differentiate(batch: 64) }, { _ = engine.differentiate(batch: 64, runsReference: false) })
        try scales()
        try rewards()
    }

    private func compare(
        _ what: String, _ first: String, _ second: String, _ before: () throws -> Void, _ after: () throws -> Void
    ) rethrows {
        var times: [(before: Double, after: Double)] = []
        for round in 0...rounds {
            let pair = (before: try seconds(before), after: try seconds(after))
            if round > 0 { times.append(pair) }
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let ratios = times.map { $0.before / $0.after }.sorted()
        print(
            String(
                format: "%@: %@ %.4f s, %@ %.4f s, %.2f times as fast (%.2f to %.2f)", what, first,
                median(times.map(\.before)), second, median(times.map(\.after)), ratios[ratios.count / 2], ratios[0],
                ratios[ratios.count - 1]))
    }

    private typealias Entry = (result: ResultRecord, completions: [CompletionRecord], unit: UnitRecord)

    private static let worker = WorkerIdentifier(name: "bench", incarnation: 1)

    private static func unit(_ index: Int) -> WorkUnit {
        let problem = Problem(id: "p", topic: "t", prompt: "2 + 2", verification: .number(answer: "4"))
        return WorkUnit(
            key: UnitKey(run: "bench", step: 0, phase: .train, index: index), seed: 1,
            problems: [Problem](repeating: problem, count: 16), problemIndices: Array(0..<16),
            sequences: WorkUnit.Sequence.all(problems: 16), policies: [Policy.baseDigest],
            sampling: Sampling(temperature: 1, maxTokens: 48))
    }

    private static func output(_ unit: WorkUnit) -> UnitOutput {
        var completion = Completion(
            prompt: [Int32](repeating: 5, count: 32), tokens: [Int32](repeating: 7, count: 48),
            logProbabilities: [Float](repeating: -1, count: 48), finishReason: .stop)
        completion.reward = .judged(.right)
        return UnitOutput(
            completions: unit.sequences.map { _ in completion }, gradient: [Float](repeating: 0.5, count: gradient))
    }

    private static func entry(_ unit: WorkUnit, _ output: UnitOutput) -> Entry {
        (
            ResultRecord(unit.key, output, attempt: 1, worker: worker, acceptedAt: Date()),
            output.completions.enumerated().map {
                CompletionRecord($1, index: $0, unit: unit.key, prompt: "2 + 2", worker: worker)
            }, UnitRecord(unit)
        )
    }

    /// Runs `body` with a new database on disk.
    private func withStore(_ body: (RunStore) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/t2-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try RunStore(path: RunFolder.databasePath(in: folder))
        try body(store)
        try store.close()
    }

    private func commits() throws {
        let entries = (0..<Self.results).map { index in
            let unit = Self.unit(index)
            return Self.entry(unit, Self.output(unit))
        }
        func accept(_ size: Int) throws {
            try withStore { store in
                for start in stride(from: 0, to: entries.count, by: size) {
                    try store.accept(Array(entries[start..<min(start + size, entries.count)]))
                }
            }
        }
        try compare(
            "\(Self.results) results on disk", "one a commit", "\(Self.together) a commit", { try accept(1) },
            { try accept(Self.together) })
    }

    private func sums() throws {
        let units = (0..<Self.results).map { Self.unit($0) }
        let outputs = units.map { Self.output($0) }
        try withStore { store in
            try store.accept(zip(units, outputs).map { Self.entry($0, $1) })
            var sum = UnitSummary()
            try compare(
                "sums of \(Self.results) results", "read back", "kept",
                {
                    for unit in units {
                        guard let completions = try store.completions(of: unit.key) else { continue }
                        sum.add(
                            UnitSummary(
                                UnitOutput(completions: completions, gradient: try store.gradient(of: unit.key))))
                    }
                },
                { for output in outputs { sum.add(UnitSummary(output)) } })
        }
    }

    private func scales() throws {
        let adapters = ModelAdapters(try BaseModel(try BaseModelFolder(path: model.model)))
        let layout = try adapters.svf(covering: []).layout
        let policies = (0..<32).map { Policy.svf(ExpertVector(layout: layout, repeating: 1 + Float($0) / 100)) }
        let kept = PolicySet(policies, adapters)
        try compare(
            "scales of 32 policies for 16 units", "made for each unit", "made once",
            { for _ in 0..<16 { try PolicySet(policies, adapters).prepare() } },
            { for _ in 0..<16 { try kept.prepare() } })
    }

    private func rewards() throws {
        let sandbox = try ProgramSandbox(parallelism: MachineResources().cores, isolation: .bubblewrap)
        let programs = (0..<64).map {
            Program(source: "def f(x):\n    return x + \($0)", tests: ["assert f(1) == 1 + \($0)"])
        }
        compare(
            "rewards of 64 programs", "one by one", "16 together",
            { for program in programs { _ = sandbox.run([program]) } },
            {
                for start in stride(from: 0, to: programs.count, by: 16) {
                    _ = sandbox.run(Array(programs[start..<start + 16]))
                }
            })
    }
}
