import T2Core
import T2Evaluation
import T2Model
import T2Numerics
import T2Text

/// Pass 1 of two-pass inference: a model is asked for each prompt's category, and the category's expert answers in pass 2.
///
/// All experts share one resident base model: a batch may need a different z in every row, and runs as one batch.
/// - Source: arXiv 2501.06252, section 3.2.
package final class PromptDispatcher: Sendable {
    package let classifier: PromptClassifier
    /// For pass 1 and pass 2 alike; rows of its table are what `row(of:)` gives.
    package let execution: Execution
    private let classification: Classification
    private let tokenizer: Tokenizer
    private let model: BaseModel
    /// Rows of the table by expert; the base model's is 0, the classifier's the last.
    private let rows: [String: Int32]
    private let classifierRow: Int32

    /// - Throws: `InputError` if the library has no expert that classifies and one is asked for, or its experts do not fit the model.
    package init(
        _ model: BaseModel, _ library: ExpertLibrary, classifier: PromptClassifier, tokenizer: Tokenizer,
        cache: SingularValueCache = .standard, progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        classification = try Classification(library)
        let names = Set(classification.categories.map(\.expert))
        var used = library.entries.filter { names.contains($0.name) && !$0.isClassifier }
        rows = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1.name, Int32($0 + 1)) })
        switch classifier {
        case .base: classifierRow = 0
        case .expert:
            used.append(try library.classifier())
            classifierRow = Int32(used.count)
        }
        let layouts = used.map { Adaptation.smallest(covering: $0.expert.vector.layout, of: model.configuration) }
        let adaptation = layouts.allSatisfy { $0 == layouts[0] } ? layouts[0] : .all
        let svf = try SVFModel(model, adaptation: adaptation, cache: cache, progress: progress)
        let vectors =
            try [ExpertVector(layout: svf.layout, repeating: 1)] + used.map { try svf.complete($0.expert.vector) }
        execution = .factored(svf, ScaleTable(svf, vectors))
        self.classifier = classifier
        self.tokenizer = tokenizer
        self.model = model
    }

    /// The row of the table that answers.
    package func row(of dispatch: Dispatch) -> Int32 { dispatch.expert.flatMap { rows[$0] } ?? 0 }

    /// One decision a prompt; the prompts are read in one batch.
    ///
    /// - Cost: one prefill of the question, which holds the prompt, and the few tokens of the answer.
    /// - Throws: `PromptError` if a question leaves no room for its answer; `ModelError` if the model computes NaN.
    package func decide(_ prompts: [String], lane: ModelLane) throws -> [Dispatch] {
        let requests = try prompts.enumerated().map { index, prompt in
            let tokens = tokenizer.prompt(classification.question(prompt))
            guard tokens.count + Classification.maxTokens <= model.configuration.contextLength else {
                throw PromptError.tooLong(
                    problem: "the question for the category of prompt \(index + 1)", tokens: tokens.count,
                    maxTokens: Classification.maxTokens, context: model.configuration.contextLength)
            }
            return SampleRequest(prompt: tokens, random: SeededRandom(seed: 0), expert: classifierRow)
        }
        let sampled = try lane.sampler.sample(
            requests, execution, Sampling(temperature: 0, maxTokens: Classification.maxTokens),
            stop: tokenizer.stopCondition(of: model.configuration))
        return sampled.map { completion in
            classification.dispatch(tokenizer.completion(completion.tokens, stopStrings: []))
        }
    }
}
