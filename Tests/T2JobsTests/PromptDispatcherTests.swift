import Foundation
import T2Core
import T2Engine
import T2Formats
import T2Jobs
import T2Model
import T2Tasks
import T2TestSupport
import T2Text
import Testing

@Suite("Two-pass inference")
struct PromptDispatcherTests {
    private func mixedProblems(_ model: BundledModel) throws -> [Problem] {
        let all = try ["math-mini", "humaneval-mini", "arcc-mini", "gsm-mini"].map { try model.problems($0) }
        return (0..<20).map { all[$0 % 4][$0] }
    }

    @Test(
        "a prompt's category does not depend on what else is in the batch",
        arguments: [PromptClassifier.base, .expert])
    func decisionsAlone(classifier: PromptClassifier) throws {
        let model = try BundledModel.shared.get()
        let dispatcher = try PromptDispatcher(
            model.base, model.experts, classifier: classifier, tokenizer: model.tokenizer)
        let prompts = try mixedProblems(model).map(\.prompt)
        let lane = ModelLane(model.base)
        let together = try dispatcher.decide(prompts, lane: lane)
        #expect(together == (try prompts.flatMap { try dispatcher.decide([$0], lane: lane) }))
        #expect(Set(together.map(\.category)).count >= 3)
        #expect(together.allSatisfy { $0.expert == ($0.category == Classification.other ? nil : $0.category) })
    }

    @Test("a batch whose prompts need different experts answers each as its expert does alone")
    func mixedBatch() throws {
        let model = try BundledModel.shared.get()
        let dispatcher = try PromptDispatcher(
            model.base, model.experts, classifier: .expert, tokenizer: model.tokenizer)
        let lanes = ModelLanes(model.base, count: 1)
        let evaluation = Evaluation(
            tokenizer: model.tokenizer, verifier: Verifier(parallelism: 1),
            sampling: Sampling(temperature: 0, maxTokens: 40),
            seed: 0)
        let problems = try mixedProblems(model)
        let together = try evaluation.run(problems, .dispatched(dispatcher), lanes: lanes)
        #expect(Set(together.map { $0.dispatch?.expert }).count >= 3)
        for completion in together {
            let expert = try completion.dispatch?.expert.map { try model.experts.entry(named: $0).expert.vector }
            let alone = try expert.map { try AdaptedModel(model.base, expert: $0) } ?? AdaptedModel(model.base)
            let found = try evaluation.run([completion.problem], .fixed(alone), lanes: lanes)
            #expect(found[0].completion == completion.completion)
        }
    }

    @Test("a prompt of no category is answered by the base model")
    func other() throws {
        let model = try BundledModel.shared.get()
        let dispatcher = try PromptDispatcher(
            model.base, model.experts, classifier: .expert, tokenizer: model.tokenizer)
        let dispatch = try dispatcher.decide(
            ["Tell me a story about Tom and a pink zinc."], lane: ModelLane(model.base))[0]
        #expect(dispatch.category == "other" && dispatch.expert == nil && dispatcher.row(of: dispatch) == 0)
    }

    @Test("a question that leaves no room in the context, and a library that cannot classify, are refused")
    func refusals() throws {
        let model = try BundledModel.shared.get()
        let dispatcher = try PromptDispatcher(model.base, model.experts, classifier: .base, tokenizer: model.tokenizer)
        let long = String(repeating: "Tom has 3 bags. ", count: 100)
        #expect(throws: PromptError.self) { try dispatcher.decide([long], lane: ModelLane(model.base)) }
        let folder = try TemporaryFolder()
        try model.experts.entry(named: "math").expert.write(to: folder.path + "/math.safetensors")
        let library = try ExpertLibrary(path: folder.path, model: nil)
        let error = #expect(throws: InputError.self) {
            try PromptDispatcher(model.base, library, classifier: .expert, tokenizer: model.tokenizer)
        }
        #expect(error?.description.contains("has no expert of the task 'classify' or") == true)
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
