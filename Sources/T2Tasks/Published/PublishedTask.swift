import Foundation
import T2Core

/// The task of a published data set.
struct PublishedTask: ProblemSource {
    let name: String
    let dataset: any PublishedDataset

    static let all = [
        PublishedTask(name: "gsm8k", dataset: GSM8K()),
        PublishedTask(name: "mbpp", dataset: MBPP(edition: .full)),
        PublishedTask(name: "mbpp-sanitized", dataset: MBPP(edition: .sanitized)),
        PublishedTask(name: "mbpp-plus", dataset: MBPP(edition: .plus)),
        PublishedTask(name: "arc-easy", dataset: ARC(name: "ARC-Easy")),
        PublishedTask(name: "arc-challenge", dataset: ARC(name: "ARC-Challenge")),
        PublishedTask(name: "math", dataset: MATH()),
        PublishedTask(name: "humaneval", dataset: HumanEval(name: "HumanEval")),
        PublishedTask(name: "humaneval-plus", dataset: HumanEval(name: "HumanEvalPlus")),
    ]

    var splits: [Split] { Split.allCases.filter { dataset.parts[$0] != nil } }
    var needsSandbox: Bool { dataset.needsSandbox }
    var maxTokens: Int? { dataset.maxTokens }
    func stopStrings(_ form: PromptForm) -> [String] { form == .chat ? [] : dataset.plainStopStrings }

    func verification(of record: Data) throws -> Verification { try dataset.verification(of: record) }

    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord policy: BadRecordPolicy
    ) throws -> ProblemSet {
        try problems(split: split, in: dataFolder, onBadRecord: policy) { $0.problem(form) }
    }

    func problems(
        split: Split, in dataFolder: String, onBadRecord policy: BadRecordPolicy,
        wording: (PublishedProblem) -> Problem
    ) throws -> ProblemSet {
        guard let part = dataset.parts[split] else { preconditionFailure("\(name) has no split \(split.rawValue)") }
        let file = try PublishedFile(task: name, paths: part.paths, in: dataFolder)
        let reading = ProblemReading(
            task: name, identity: dataset.identity, policy: policy,
            remedy: "Fetch the file again (scripts/datasets), or leave such records out: --on-bad-record skip.")
        return try reading.problems(file.records, in: file.path, where: part.contains) { record in
            wording(try dataset.problem(record, file: file.name))
        }
    }
}
