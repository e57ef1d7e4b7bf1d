import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2TestSupport
import T2Text
import Testing

@Suite("Two-pass inference")
struct StrategyTests {
    private func mixedProblems(_ model: BundledModel) throws -> [Problem] {
        let all = try ["math-mini", "humaneval-mini", "arcc-mini", "gsm-mini"].map { try model.problems($0) }
        return (0..<20).map { all[$0 % 4][$0] }
    }

    private func evaluation(
        _ model: BundledModel, _ strategy: any PolicyAssigner, _ problems: [Problem], seed: UInt64 = 0
    ) -> EvaluationJob {
        EvaluationJob(
            name: "e", model: model.model, task: "t", problems: problems, strategy: strategy,
            sampling: Sampling(temperature: 0, maxTokens: 40), seed: seed)
    }

    private func decide(_ model: BundledModel, _ prompts: [Problem], _ classifier: PromptClassifier) throws
        -> [Dispatch]
    {
        let strategy = try PromptClassification(model.experts, by: classifier)
        let job = FirstPassJob(name: "d", model: model.model, prompts: prompts, strategy: strategy)
        return try model.run(job).job.assignment().dispatches ?? []
    }

    @Test(
        "a prompt's category does not depend on what else is in the batch",
        arguments: [PromptClassifier.base, .expert])
    func decisionsAlone(classifier: PromptClassifier) throws {
        let model = try BundledModel.shared.get()
        let prompts = try mixedProblems(model)
        let together = try decide(model, prompts, classifier)
        #expect(together == (try prompts.flatMap { try decide(model, [$0], classifier) }))
        #expect(Set(together.map(\.category)).count >= 3)
        #expect(together.allSatisfy { $0.expert == ($0.category == Classification.other ? nil : $0.category) })
    }

    @Test("a batch whose prompts need different experts answers each as its expert does alone")
    func mixedBatch() throws {
        let model = try BundledModel.shared.get()
        let problems = try mixedProblems(model)
        let strategy = try PromptClassification(model.experts, by: .expert)
        let together = try model.run(evaluation(model, strategy, problems)).job.records()
        #expect(Set(together.map { $0.dispatch?.expert }).count >= 3)
        for (problem, record) in zip(problems, together) {
            let policy = try record.dispatch?.expert.map { try model.experts.entry(named: $0).expert.policy } ?? .base
            let alone = try model.run(evaluation(model, FixedPolicy(policy), [problem])).job.records()
            #expect(alone[0].completion == record.completion)
        }
    }

    @Test("a prompt of no category is answered by the base model")
    func other() throws {
        let model = try BundledModel.shared.get()
        let story = Problem(
            id: "s", topic: "", prompt: "Tell me a story about Tom and a pink zinc.", verification: .unverified)
        let strategy = try PromptClassification(model.experts, by: .expert)
        let job = FirstPassJob(name: "d", model: model.model, prompts: [story], strategy: strategy)
        let assignment = try model.run(job).job.assignment()
        #expect(assignment.dispatches?.first?.category == "other" && assignment.dispatches?.first?.expert == nil)
        #expect(assignment.indices.map { assignment.policies[$0] } == [.base])
    }

    @Test("the strategy random draws every expert, the same for a seed, whatever else is evaluated")
    func random() throws {
        let model = try BundledModel.shared.get()
        let problems = try model.problems("math-mini")
        let strategy = RandomExpert(model.entries)
        func drawn(_ problems: [Problem], seed: UInt64) throws -> [String?] {
            try #require(strategy.assignment(problems, ("e", seed)).dispatches).map(\.expert)
        }
        let found = try drawn(problems, seed: 1)
        let counts = Dictionary(grouping: found) { $0 }.mapValues(\.count)
        #expect(counts.count == 3 && counts.values.allSatisfy { $0 > problems.count / 5 })
        #expect(try drawn(Array(problems.prefix(7)), seed: 1) == Array(found.prefix(7)))
        #expect(try drawn(problems, seed: 2) != found)
        let records = try model.run(evaluation(model, strategy, Array(problems.prefix(5)), seed: 1)).job.records()
        #expect(records.map { $0.dispatch?.expert } == Array(found.prefix(5)))
    }

    @Test("a question that leaves no room in the context, and a library that cannot classify, are refused")
    func refusals() throws {
        let model = try BundledModel.shared.get()
        let long = Problem(
            id: "l", topic: "", prompt: String(repeating: "Tom has 3 bags. ", count: 100), verification: .unverified)
        #expect(throws: PromptError.self) { try decide(model, [long], .base) }
        let folder = try TemporaryFolder()
        try model.experts.entry(named: "math").expert.write(to: folder.path + "/math.safetensors")
        let library = try ExpertLibrary(path: folder.path, model: nil)
        let error = #expect(throws: InputError.self) { try PromptClassification(library, by: .expert) }
        #expect(error?.description.contains("has no expert of the task 'classify' or") == true)
    }

    @Test("jobs are the same job for equal definitions, and differences are named")
    func identity() throws {
        let model = try BundledModel.shared.get()
        let problems = try Array(model.problems("math-mini").prefix(3))
        let first = try evaluation(model, FixedPolicy(.base), problems).identity()
        #expect(first.digest == (try evaluation(model, FixedPolicy(.base), problems).identity().digest))
        #expect(first.difference(from: try evaluation(model, FixedPolicy(.base), problems).identity()) == nil)
        let seed = try evaluation(model, FixedPolicy(.base), problems, seed: 1).identity()
        #expect(first.difference(from: seed)?.contains("seed") == true)
        let fewer = try evaluation(model, FixedPolicy(.base), Array(problems.dropLast())).identity()
        #expect(first.difference(from: fewer)?.contains("problems") == true)
    }

    @Test(
        "a classification file says what is wrong with it",
        arguments: [
            ("prompt: x\ncategories: {math: math}", "{prompt} 0 times"),
            ("prompt: '{prompt} {prompt}'\ncategories: {math: math}", "{prompt} 2 times"),
            ("prompt: '{prompt}'\ncategories: {maths: maths}", "names the expert 'maths'"),
            ("prompt: '{prompt}'", "categories: is nothing, expected a mapping"),
            ("prompt: '{prompt}'\nkategories: {}", "kategories: there is no such key. Did you mean categories?"),
            ("[1]", "is not a mapping"), ("prompt: {", "is not YAML"),
        ])
    func damagedFile(text: String, problem: String) throws {
        let model = try BundledModel.shared.get()
        let folder = try TemporaryFolder()
        try model.experts.entry(named: "math").expert.write(to: folder.path + "/math.safetensors")
        try folder.write(text, to: Classification.fileName)
        let library = try ExpertLibrary(path: folder.path, model: nil)
        let error = #expect(throws: InputError.self) { try Classification(library) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(Classification.fileName) == true)
    }

    @Test("without a file every expert is a category of its own name")
    func defaultQuestion() throws {
        let model = try BundledModel.shared.get()
        let folder = try TemporaryFolder()
        for name in ["math", "code", "classify"] {
            try model.experts.entry(named: name).expert.write(to: folder.path + "/\(name).safetensors")
        }
        let classification = try Classification(try ExpertLibrary(path: folder.path, model: nil))
        #expect(classification.question("1 + 1") == "Classify as code, math or other.\n1 + 1\nCategory:")
        #expect(classification.categories.map(\.expert) == ["code", "math"])
    }
}
