import T2Core

/// The numbers of the paper's tables and analyses, measured on any models. The document holds no dates, so that the
/// same numbers give the same bytes.
///
/// Any section may be absent. `HTMLReport` and `MarkdownReport` show the document, and `json()` is the content of its
/// file.
package struct ReportDocument: Sendable, Equatable, Codable {
    package static let format = "t2-report-1"

    /// A model that experts adapt.
    package struct BaseModel: Sendable, Equatable, Codable {
        package var name: String
        /// The digest of the weights, as in the metadata of an expert.
        package var digest: String
        package var detail: String?

        package init(name: String, digest: String, detail: String? = nil) {
            self.name = name
            self.digest = digest
            self.detail = detail
        }
    }

    /// A setting that a reader needs to know, such as the seed, the split or the token limit.
    package struct Fact: Sendable, Equatable, Codable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var format = ReportDocument.format
    package var title: String
    /// The paragraphs under the title.
    package var summary: [String] = []
    package var models: [BaseModel] = []
    package var facts: [Fact] = []
    /// The base model, LoRA and SVF on the tasks that the adapters were trained on.
    package var seenTasks: AccuracyTable?
    /// The adaptation strategies on tasks that no expert was trained on.
    package var unseenTasks: AccuracyTable?
    /// Analysis 1: which expert the first pass chooses.
    package var dispatch: DispatchAnalysis?
    /// Analysis 2: how much of each expert few-shot adaptation uses.
    package var contribution: ContributionAnalysis?
    /// Analysis 3: experts of one base model on another.
    package var transfer: AccuracyTable?
    package var learning: LearningCurves?
    /// The methods that search few-shot coefficients, with equal numbers of rollouts.
    package var fewShotMethods: FewShotComparison?

    package init(title: String) { self.title = title }
}
