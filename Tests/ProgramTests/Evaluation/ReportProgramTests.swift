import Foundation
import T2TestSupport
import Testing

@Suite("t2 report")
struct ReportProgramTests {
    private static let experts = Repository.path + "/experts"

    private static func configuration(_ change: (String) -> String = { $0 }) -> String {
        change(
            """
            title: A small report
            model: \(experts)/tiny/base
            experts: \(experts)/tiny
            data: \(experts)/tiny/data
            max-tokens: 40
            limit: 6
            seen:
              gsm-mini: {expert: math, lora: \(experts)/tiny/lora-math, expert-run: \(experts)/tiny/runs/math.jsonl}
            unseen:
              math-mini: gsm-mini
            few-shot: {shots: 3, population: 3, iterations: 2}
            transfer: {model: \(experts)/tiny-b/base, experts: \(experts)/tiny-b}
            """)
    }

    private func report(_ folder: TemporaryFolder, _ text: String = configuration()) throws -> ProgramRun {
        try folder.write(text, to: "report.yaml")
        return try ProgramRun(
            ["report", "--config", folder.path + "/report.yaml", "--output", folder.path + "/out"], in: folder)
    }

    @Test("the configuration for the paper's model is read, and wants nothing but the model")
    func llama() throws {
        let folder = try TemporaryFolder()
        let run = try ProgramRun(
            ["report", "--config", Self.experts + "/llama-3-8b/report.yaml", "--output", folder.path + "/out"],
            in: folder)
        #expect(run.status == 66)
        #expect(run.errors.hasPrefix("error: \(Self.experts)/llama-3-8b/base: no such folder."), "\(run.errors)")
    }

    @Test("measures every section, and a second time measures nothing and writes the same bytes")
    func everySection() throws {
        let folder = try TemporaryFolder()
        let first = try report(folder)
        #expect(first.status == 0, "\(first.errors)")
        let names = ["report.html", "report.md", "report.json"]
        func contents() throws -> [Data] {
            try names.map { try Data(contentsOf: URL(fileURLWithPath: folder.path + "/out/\($0)")) }
        }
        let written = try contents()
        let object = try #require(try JSONSerialization.jsonObject(with: written[2]) as? [String: Any])
        for section in [
            "seen_tasks", "unseen_tasks", "dispatch", "contribution", "transfer", "learning", "few_shot_methods",
        ] {
            #expect(object[section] != nil, "\(section)")
        }
        let unseen = try #require(object["unseen_tasks"] as? [String: Any])
        let systems = try #require(unseen["systems"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(
            systems == [
                "base", "LoRA of the domain, given", "SVF of the domain, given", "prompt", "cls-expert", "random",
                "few-shot cem",
                "best single expert",
            ])
        let measurements = folder.path + "/out/measurements"
        let files = try FileManager.default.contentsOfDirectory(atPath: measurements).sorted()
        let dates = try files.map {
            try FileManager.default.attributesOfItem(atPath: measurements + "/" + $0)[.modificationDate] as? Date
        }
        // One measurement is lost: it alone is made again.
        let lost = try #require(files.first { $0.hasPrefix("math-mini.test.prompt.") })
        try FileManager.default.removeItem(atPath: measurements + "/" + lost)
        #expect(try report(folder).status == 0)
        #expect(try contents() == written)
        #expect(try FileManager.default.contentsOfDirectory(atPath: measurements).sorted() == files)
        for (file, date) in zip(files, dates) where file != lost {
            let now =
                try FileManager.default.attributesOfItem(atPath: measurements + "/" + file)[.modificationDate] as? Date
            #expect(now == date, "\(file)")
        }
    }

    @Test("on a cluster the same report has the same bytes, and the workers' logs lie beside it")
    func cluster() throws {
        let folder = try TemporaryFolder()
        let text = Self.configuration { text in
            text.split(separator: "\n").filter { !$0.hasPrefix("transfer") && !$0.hasPrefix("few-shot") }
                .joined(separator: "\n")
        }
        #expect(try report(folder, text).status == 0)
        let there = folder.path + "/cluster"
        let run = try ProgramRun(
            [
                "report", "--config", folder.path + "/report.yaml", "--output", there, "--local-workers", "1", "--bind",
                "tcp://127.0.0.1:0",
            ], in: folder, program: "t2-coord")
        #expect(run.status == 0, "\(run.errors)")
        for name in ["report.html", "report.md", "report.json"] {
            #expect(
                try Data(contentsOf: URL(filePath: "\(there)/\(name)"))
                    == Data(contentsOf: URL(filePath: "\(folder.path)/out/\(name)")))
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: there).sorted()
                == ["measurements", "report.html", "report.json", "report.md", "worker-1.log"])
    }

    @Test("takes no option of a single job", arguments: ["t2", "t2-coord"], ["--resume", "--json", "--run-dir=x"])
    func foreignOptions(program: String, option: String) throws {
        let run = try ProgramRun(
            ["report", "--config", "a", "--output", "b", option], in: TemporaryFolder(), program: program)
        #expect(run.status == 64 && run.errors.contains("Unknown option"), "\(run.errors)")
    }

    @Test(
        "a configuration says what is wrong with it",
        arguments: [
            ("title: A small report", "titel: A small report", 78, "titel: there is no such key. Did you mean title?"),
            ("limit: 6", "limit: 0", 78, "limit: is '0', expected a whole number of 1 or more"),
            (
                "math-mini: gsm-mini", "math-mini: arc-mini", 78,
                "unseen.math-mini: is 'arc-mini', expected one of the seen tasks"
            ),
            ("math-mini: gsm-mini", "maths-mini: gsm-mini", 64, "Did you mean math-mini?"),
            ("expert: math,", "expert: maths,", 66, "has no expert 'maths'"),
            ("lora-math,", "lora-maths,", 66, "lora-maths"),
            ("/tiny/base", "/tiny/bases", 66, "/tiny/bases"),
            ("experts/tiny-b}", "experts/tiny}", 65, "another base model"),
        ])
    func damagedConfiguration(old: String, new: String, status: Int32, problem: String) throws {
        let folder = try TemporaryFolder()
        let found = try report(folder, Self.configuration { $0.replacingOccurrences(of: old, with: new) })
        #expect(found.status == status && found.errors.contains(problem), "\(found.status) \(found.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/out/report.html"))
    }
}
