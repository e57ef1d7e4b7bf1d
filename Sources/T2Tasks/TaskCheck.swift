import T2Core

/// The check of a task that needs no model: its records, its splits and its reference answers.
package struct TaskCheck: Sendable {
    package struct Part: Sendable {
        package let split: Split
        package let problems: Int
        package let bad: [String]
        /// The reason why the split could not be loaded; nil if it was.
        package let failure: String?
        /// The number of prompts that also occur in an earlier one of train, valid and test, so that they are known
        /// here.
        package let shared: Int
    }

    package let parts: [Part]
    /// The first problems of the first split that has any.
    package let samples: [Problem]
    package let golds: GoldCheck

    /// True for published data: what its splits share is reported, but is not an error of the user.
    private let mayShare: Bool

    package var isGood: Bool {
        golds.failures.isEmpty
            && parts.allSatisfy { $0.failure == nil && $0.bad.isEmpty && (mayShare || $0.shared == 0) }
    }

    /// - Parameter limit: the largest number of reference answers that are judged, over all splits.
    /// - Cost: reads all splits; blocks the calling thread while the reference answers are judged.
    package init(
        _ task: TrainingTask, in dataFolder: String, form: PromptForm, samples sampleCount: Int = 2, limit: Int = .max,
        verifier: Verifier
    ) {
        var parts: [Part] = []
        var all: [Problem] = []
        var ids: Set<String> = []
        var seen: Set<String> = []
        for split in task.splits {
            do {
                let set = try task.problems(split: split, in: dataFolder, form: form, onBadRecord: .skip)
                let prompts = Set(set.problems.map(\.prompt))
                // The published splits divide the same data in another way.
                let isOwn = [.train, .valid, .test].contains(split)
                parts.append(
                    Part(
                        split: split, problems: set.problems.count, bad: set.skipped, failure: nil,
                        shared: isOwn ? prompts.intersection(seen).count : 0))
                if isOwn { seen.formUnion(prompts) }
                all += set.problems.filter { ids.insert($0.id).inserted }
            } catch {
                parts.append(Part(split: split, problems: 0, bad: [], failure: "\(error)", shared: 0))
            }
        }
        self.parts = parts
        mayShare = task.own == nil
        samples = Array(all.prefix(sampleCount))
        golds = GoldCheck(Array(all.prefix(limit)), verifier: verifier)
    }
}
