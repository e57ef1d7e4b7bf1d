import Foundation
import T2Core
import T2Jobs
import T2Learning
import T2Tasks

/// The models, experts and tasks of a report, from a YAML file. Paths in the file are relative to its folder.
package struct ReportConfiguration: Sendable {
    /// A task that an expert was trained on.
    struct Seen: Sendable {
        let task: TrainingTask
        /// The name of its expert in the library.
        let expert: String
        /// The PEFT folder of the LoRA adapter that was trained in the same way.
        let lora: String?
        /// The `metrics.jsonl` of the runs, by what was trained.
        let curves: [(system: String, path: String)]
    }

    /// A task that no expert was trained on.
    struct Unseen: Sendable {
        let task: TrainingTask
        /// The seen task of the same domain.
        let domain: String
    }

    let title: String
    let model: String
    let experts: String
    let data: String
    /// The maximum number of tokens of an answer; nil takes each task's own limit.
    let maxTokens: Int?
    let onBadRecord: BadRecordHandling
    let onLongPrompt: LongPromptHandling
    /// The system message before each prompt, and the day that a chat template's clock shows.
    let system: String?
    let date: CalendarDate?
    let seed: UInt64
    /// The maximum number of problems of a test split; nil for all.
    let limit: Int?
    let seen: [Seen]
    let unseen: [Unseen]
    /// The number of shots of a few-shot search.
    let shots: Int
    /// The settings of all few-shot searches, without their method.
    let search: FewShotSearch.Settings
    /// A second base model of the same shapes, with experts of the same names.
    let transfer: (model: String, experts: String)?

    var tasks: [TrainingTask] { seen.map(\.task) + unseen.map(\.task) }

    /// - Throws: `SystemError` if the file cannot be read; `InputError` that names the wrong key.
    package init(path: String) throws {
        let file = try YAMLMapping(path: path)
        try file.requireOnly([
            "title", "model", "experts", "data", "max-tokens", "on-bad-record", "on-long-prompt", "system", "date",
            "seed",
            "limit", "seen", "unseen", "few-shot", "transfer",
        ])
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        func resolve(_ location: String) -> String {
            location.hasPrefix("/") ? location : folder.appendingPathComponent(location).standardizedFileURL.path
        }
        let registry = TaskRegistry.bundled
        title = try file.requiredString("title")
        model = resolve(try file.requiredString("model"))
        experts = resolve(try file.requiredString("experts"))
        data = resolve(try file.requiredString("data"))
        maxTokens = try file.int("max-tokens", atLeast: 1)
        onBadRecord = try file.choice("on-bad-record") ?? .fail
        onLongPrompt = try file.choice("on-long-prompt") ?? .fail
        system = try file.string("system")
        date = try file.string("date").map { text in
            guard let date = CalendarDate(text) else { throw file.wrong("date", "a date such as 2024-07-26") }
            return date
        }
        seed = UInt64(try file.int("seed", atLeast: 0) ?? 0)
        limit = try file.int("limit", atLeast: 1)
        let seenTasks = try file.requiredMapping("seen")
        seen = try seenTasks.keys.map { name in
            let entry = try seenTasks.requiredMapping(name)
            try entry.requireOnly(["expert", "lora", "expert-run", "lora-run"])
            var curves: [(system: String, path: String)] = []
            if let run = try entry.string("expert-run") { curves.append((SystemName.svf, resolve(run))) }
            if let run = try entry.string("lora-run") { curves.append((SystemName.lora, resolve(run))) }
            return Seen(
                task: try registry.task(named: name), expert: try entry.requiredString("expert"),
                lora: try entry.string("lora").map(resolve), curves: curves)
        }
        let unseenTasks = try file.requiredMapping("unseen")
        let seenNames = seen.map(\.task.name)
        unseen = try unseenTasks.keys.map { name in
            let domain = try unseenTasks.requiredString(name)
            guard seenNames.contains(domain) else {
                throw unseenTasks.wrong(name, "one of the seen tasks: \(seenNames.joined(separator: ", "))")
            }
            guard !seenNames.contains(name) else { throw unseenTasks.wrong(name, "a task that is not seen") }
            return Unseen(task: try registry.task(named: name), domain: domain)
        }
        let fewShot = try file.mapping("few-shot")
        try fewShot?.requireOnly(["shots", "population", "iterations"])
        shots = try fewShot?.int("shots", atLeast: 1) ?? 10
        var search = FewShotSearch.Settings()
        search.population = try fewShot?.int("population", atLeast: 3) ?? 32
        search.iterations = try fewShot?.int("iterations", atLeast: 1) ?? 50
        // Without early stopping all methods have equal rollouts.
        search.patience = nil
        search.seed = seed
        self.search = search
        let second = try file.mapping("transfer")
        try second?.requireOnly(["model", "experts"])
        transfer = try second.map {
            (resolve(try $0.requiredString("model")), resolve(try $0.requiredString("experts")))
        }
    }
}

/// The names of the rows of the tables.
enum SystemName {
    static let base = "base"
    static let lora = "LoRA"
    static let svf = "SVF"
    static let domainLoRA = "LoRA of the domain, given"
    static let domainSVF = "SVF of the domain, given"
    static let fewShot = Strategy.fewShot.name
    static let random = Strategy.random.name
    static let bestExpert = "best single expert"
}
