import Foundation
import T2Core
import T2Report

/// A report with all sections and invented numbers. Its names contain characters that must be escaped.
enum SampleReport {
    static let seen = ["gsm-mini", "mbpp-mini", "arc-mini"]
    static let unseen = ["math-mini", "humaneval-mini", "arcc-mini"]
    static let experts = ["math", "code", "reasoning"]

    static let full = ReportDocument(
        title: "Self-adaptive <t2> & \"friends\"",
        [
            "summary": ["Invented numbers: 1 < 2 & 3 > 2, on | every_task * of `the` paper."],
            "models": [
                ["name": "tiny", "digest": "4f1c6fb90d2ab2b31c3c", "detail": "2 layers, 64 wide"],
                ["name": "tiny-b", "digest": "9aa0023cb7710e55f0d1"],
            ],
            "facts": [
                ["name": "seed", "value": "0"], ["name": "split", "value": "test, 600 problems a task"],
            ],
            "seen_tasks": seenTasks, "unseen_tasks": unseenTasks, "dispatch": dispatch, "contribution": contribution,
            "transfer": transfer, "learning": learning, "few_shot_methods": fewShotMethods,
        ])

    /// A report with eight entries everywhere and long names.
    static let crowded: ReportDocument = {
        let names = (1...8).map { "a rather long name, number \($0)" }
        let matrix: JSON = [
            "name": String(repeating: "a long strategy ", count: 4), "categories": names, "decisions": names,
            "counts": (0..<8).map { row in (0..<8).map { row == $0 ? 123_456 : 78_910 * row } },
        ]
        return ReportDocument(
            title: String(repeating: "A title that is longer than a line. ", count: 4),
            [
                "unseen_tasks": table(
                    names,
                    names.enumerated().map { index, name in
                        system(name, cells(names, (1...8).map { 60 * $0 + index }))
                    }),
                "dispatch": ["matrices": [matrix], "notes": [String]()] as JSON,
                "contribution": [
                    "experts": names, "notes": [String](),
                    "tasks": [["name": names[0], "coefficients": (0..<8).map { Double($0) / 7 }] as JSON],
                ] as JSON,
                "learning": curves(
                    names.enumerated().map { index, name in
                        curve(names[0], name, (0...4).map { (100_000 * $0, 100 + 60 * $0 + 20 * index, 600) }, [])
                    }),
            ])
    }()

    /// A report without a judged problem, with empty parts.
    static let unjudged = ReportDocument(
        title: "t",
        [
            "seen_tasks": table(
                ["x"], [system("base", cells(["x"], [0], of: 0)), system("SVF", [:])],
                comparisons: [comparison("x", "SVF", against: "base", [0, 0, 0, 0, 9])]),
            "dispatch": [
                "matrices": [
                    ["name": "prompt", "categories": ["a"], "decisions": ["a", "b"], "counts": [[0, 0]]] as JSON
                ], "notes": [String](),
            ] as JSON,
            "learning": curves([curve("x", "SVF", [(0, 0, 0)], [])]),
            "contribution": ["experts": [String](), "tasks": [String](), "notes": [String]()] as JSON,
            "few_shot_methods": ["results": table([], []), "searches": [String]()] as JSON,
        ])

    private static let seenTasks = table(
        seen,
        [
            system("base", cells(seen, [229, 330, 273])),
            system("LoRA", cells(seen, [511, 540, 519]), ["parameters": 147_456, "bytes_per_unit": 1_179_648]),
            system("SVF", cells(seen, [525, 556, 524]), ["parameters": 4_352, "bytes_per_unit": 34_816]),
        ],
        comparisons: [
            comparison(seen[0], "SVF", against: "LoRA", [480, 31, 45, 44, 0]),
            comparison(seen[0], "SVF", against: "base", [219, 10, 306, 65, 0]),
        ], notes: ["SVF is not better than LoRA beyond chance on gsm-mini."])

    private static let unseenTasks = table(
        unseen,
        [
            system("base", cells(unseen, [283, 259, 214])), system("LoRA", cells(unseen, [301, 240, 333])),
            system("prompt", cells(unseen, [402, 377, 391])), system("cls-expert", cells(unseen, [455, 431, 466])),
            system("few-shot", cells(unseen, [471, 440, 472]), ["rollouts": 16_000]),
            system("best single expert", cells(unseen, [468, 449, 470], notes: ["math", "code", "reasoning"])),
        ], comparisons: [comparison(unseen[2], "few-shot", against: "cls-expert", [440, 24, 30, 104, 2])])

    private static let dispatch: JSON = [
        "matrices": [
            [
                "name": "prompt", "categories": experts, "decisions": experts + ["other"],
                "counts": [[410, 60, 90, 40], [120, 301, 79, 100], [200, 70, 310, 20]],
            ] as JSON,
            [
                "name": "cls-expert", "categories": experts, "decisions": experts + ["other"],
                "counts": [[591, 2, 7, 0], [1, 598, 0, 1], [11, 0, 588, 1]],
            ],
        ], "notes": [String](),
    ]

    private static let contribution: JSON = [
        "experts": experts, "notes": [String](),
        "tasks": [
            ["name": "math-mini", "coefficients": [0.812, 0.113, 0.02]] as JSON,
            ["name": "humaneval-mini", "coefficients": [-0.05, 0.93, 0.11]],
            ["name": "arcc-mini", "coefficients": [0.2, 0, 0.771]],
        ],
    ]

    private static let transfer = table(
        unseen,
        [
            system("base", cells(unseen, [250, 231, 207])), system("own experts", cells(unseen, [450, 422, 460])),
            system("transferred, in order", cells(unseen, [333, 290, 301])),
            system("transferred, shuffled", cells(unseen, [241, 228, 210], of: 588)),
            system("few-shot", cells(Array(unseen.prefix(2)), [340, 301]), ["rollouts": 16_000]),
        ])

    private static let learning = curves(
        seen.flatMap { task in
            ["SVF", "LoRA"].map { system in
                let rate = system == "SVF" ? 9.0 : 14.0
                return curve(
                    task, system,
                    stride(from: 0, through: 40, by: 5).map {
                        ($0, Int(80 + 95 * (1 - exp(-Double($0) / rate))), 200)
                    },
                    (1...40).map { step in
                        let wave = 0.06 * sin(Double(step * step) + rate)
                        return (step, -0.2 + 0.9 * (1 - exp(-Double(step) / rate)) + wave)
                    })
            }
        })

    private static let fewShotMethods: JSON = [
        "results": table(
            unseen,
            [
                system("CEM", cells(unseen, [471, 440, 472]), ["rollouts": 16_000]),
                system("gradient", cells(unseen, [466, 451, 469]), ["rollouts": 16_000]),
                system("random", cells(unseen, [430, 402, 441]), ["rollouts": 16_000]),
            ]),
        "searches": unseen.flatMap { task in
            [("CEM", 3.0), ("gradient", 5.0), ("random", 9.0)].map { method, rate -> JSON in
                ["task": task, "method": method, "points": (1...20).map { searchPoint($0, rate) }]
            }
        },
    ]

    /// A score in tenths, as for ten shots, that rises more and more slowly.
    private static func searchPoint(_ index: Int, _ rate: Double) -> JSON {
        let score = 0.4 + 0.5 * (1 - exp(-Double(index) / rate))
        return ["rollouts": 800 * index, "score": (10 * score).rounded() / 10]
    }
}
