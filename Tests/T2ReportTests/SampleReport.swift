import Foundation
import T2Core
import T2Report

/// A report with all sections and invented numbers. Its names contain characters that must be escaped.
enum SampleReport {
    static let seen = ["gsm-mini", "mbpp-mini", "arc-mini"]
    static let unseen = ["math-mini", "humaneval-mini", "arcc-mini"]
    static let experts = ["math", "code", "reasoning"]

    static let full: ReportDocument = {
        var document = ReportDocument(title: "Self-adaptive <t2> & \"friends\"")
        document.summary = ["Invented numbers: 1 < 2 & 3 > 2, on | every_task * of `the` paper."]
        document.models = [
            .init(name: "tiny", digest: "4f1c6fb90d2ab2b31c3c", detail: "2 layers, 64 wide"),
            .init(name: "tiny-b", digest: "9aa0023cb7710e55f0d1"),
        ]
        document.facts = [.init(name: "seed", value: "0"), .init(name: "split", value: "test, 600 problems a task")]
        document.seenTasks = seenTasks
        document.unseenTasks = unseenTasks
        document.dispatch = dispatch
        document.contribution = contribution
        document.transfer = transfer
        document.learning = learning
        document.fewShotMethods = fewShotMethods
        return document
    }()

    /// A report with eight entries everywhere and long names.
    static let crowded: ReportDocument = {
        let names = (1...8).map { "a rather long name, number \($0)" }
        var document = ReportDocument(title: String(repeating: "A title that is longer than a line. ", count: 4))
        let table = AccuracyTable(
            tasks: names,
            systems: names.enumerated().map { index, name in
                .init(name: name, cells: cells(names, (1...8).map { 60 * $0 + index }))
            })
        document.unseenTasks = table
        document.dispatch = DispatchAnalysis(matrices: [
            .init(
                name: String(repeating: "a long strategy ", count: 4), categories: names, decisions: names,
                counts: (0..<8).map { row in (0..<8).map { row == $0 ? 123_456 : 78_910 * row } })
        ])
        document.contribution = ContributionAnalysis(
            experts: names,
            tasks: [
                .init(name: names[0], coefficients: (0..<8).map { Double($0) / 7 })
            ])
        document.learning = LearningCurves(
            curves: names.enumerated().map { index, name in
                .init(
                    task: names[0], system: name,
                    evaluations: (0...4).map {
                        .init(
                            step: 100_000 * $0,
                            accuracy: AccuracyInterval(correct: 100 + 60 * $0 + 20 * index, count: 600))
                    })
            })
        return document
    }()

    static func cells(
        _ tasks: [String], _ correct: [Int], of count: Int = 600, notes: [String]? = nil
    ) -> [String: AccuracyTable.Cell] {
        Dictionary(
            uniqueKeysWithValues: tasks.indices.map { index in
                (
                    tasks[index],
                    AccuracyTable.Cell(
                        AccuracyInterval(correct: correct[index], count: count), note: notes?[index])
                )
            })
    }

    private static let seenTasks = AccuracyTable(
        tasks: seen,
        systems: [
            .init(name: "base", cells: cells(seen, [229, 330, 273])),
            .init(
                name: "LoRA", parameters: 147_456, bytesPerUnit: 1_179_648, cells: cells(seen, [511, 540, 519])),
            .init(name: "SVF", parameters: 4_352, bytesPerUnit: 34_816, cells: cells(seen, [525, 556, 524])),
        ],
        comparisons: [
            .init(
                task: seen[0], system: "SVF", against: "LoRA",
                result: PairedComparison(bothRight: 480, onlyFirst: 31, onlySecond: 45, bothWrong: 44)),
            .init(
                task: seen[0], system: "SVF", against: "base",
                result: PairedComparison(bothRight: 219, onlyFirst: 10, onlySecond: 306, bothWrong: 65)),
        ], notes: ["SVF is not better than LoRA beyond chance on gsm-mini."])

    private static let unseenTasks = AccuracyTable(
        tasks: unseen,
        systems: [
            .init(name: "base", cells: cells(unseen, [283, 259, 214])),
            .init(name: "LoRA", cells: cells(unseen, [301, 240, 333])),
            .init(name: "prompt", cells: cells(unseen, [402, 377, 391])),
            .init(name: "cls-expert", cells: cells(unseen, [455, 431, 466])),
            .init(name: "few-shot", rollouts: 16_000, cells: cells(unseen, [471, 440, 472])),
            .init(
                name: "best single expert",
                cells: cells(unseen, [468, 449, 470], notes: ["math", "code", "reasoning"])),
        ],
        comparisons: [
            .init(
                task: unseen[2], system: "few-shot", against: "cls-expert",
                result: PairedComparison(bothRight: 440, onlyFirst: 24, onlySecond: 30, bothWrong: 104, excluded: 2))
        ])

    private static let dispatch = DispatchAnalysis(
        matrices: [
            .init(
                name: "prompt", categories: experts, decisions: experts + ["other"],
                counts: [[410, 60, 90, 40], [120, 301, 79, 100], [200, 70, 310, 20]]),
            .init(
                name: "cls-expert", categories: experts, decisions: experts + ["other"],
                counts: [[591, 2, 7, 0], [1, 598, 0, 1], [11, 0, 588, 1]]),
        ])

    private static let contribution = ContributionAnalysis(
        experts: experts,
        tasks: [
            .init(name: "math-mini", coefficients: [0.812, 0.113, 0.02]),
            .init(name: "humaneval-mini", coefficients: [-0.05, 0.93, 0.11]),
            .init(name: "arcc-mini", coefficients: [0.2, 0, 0.771]),
        ])

    private static let transfer = AccuracyTable(
        tasks: unseen,
        systems: [
            .init(name: "base", cells: cells(unseen, [250, 231, 207])),
            .init(name: "own experts", cells: cells(unseen, [450, 422, 460])),
            .init(name: "transferred, in order", cells: cells(unseen, [333, 290, 301])),
            .init(name: "transferred, shuffled", cells: cells(unseen, [241, 228, 210], of: 588)),
            .init(name: "few-shot", rollouts: 16_000, cells: cells(Array(unseen.prefix(2)), [340, 301])),
        ])

    private static let learning = LearningCurves(
        curves: seen.flatMap { task in
            ["SVF", "LoRA"].map { system in
                let rate = system == "SVF" ? 9.0 : 14.0
                return LearningCurves.Curve(
                    task: task, system: system,
                    evaluations: stride(from: 0, through: 40, by: 5).map { step in
                        .init(
                            step: step,
                            accuracy: AccuracyInterval(
                                correct: Int(80 + 95 * (1 - exp(-Double(step) / rate))), count: 200))
                    },
                    rewards: (1...40).map { step in
                        let wave = 0.06 * sin(Double(step * step) + rate)
                        return .init(step: step, reward: -0.2 + 0.9 * (1 - exp(-Double(step) / rate)) + wave)
                    })
            }
        })

    private static let fewShotMethods = FewShotComparison(
        results: AccuracyTable(
            tasks: unseen,
            systems: [
                .init(name: "CEM", rollouts: 16_000, cells: cells(unseen, [471, 440, 472])),
                .init(name: "gradient", rollouts: 16_000, cells: cells(unseen, [466, 451, 469])),
                .init(name: "random", rollouts: 16_000, cells: cells(unseen, [430, 402, 441])),
            ]),
        searches: unseen.flatMap { task in
            [("CEM", 3.0), ("gradient", 5.0), ("random", 9.0)].map { method, rate in
                FewShotComparison.Search(task: task, method: method, points: (1...20).map { searchPoint($0, rate) })
            }
        })

    /// A score in tenths, as for ten shots, that rises more and more slowly.
    private static func searchPoint(_ index: Int, _ rate: Double) -> FewShotComparison.Point {
        let score = 0.4 + 0.5 * (1 - exp(-Double(index) / rate))
        return FewShotComparison.Point(rollouts: 800 * index, score: (10 * score).rounded() / 10)
    }
}
