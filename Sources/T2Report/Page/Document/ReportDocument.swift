import Foundation

/// The numbers of the paper's tables and analyses, measured on any models. The document holds no dates, so that the
/// same numbers give the same bytes.
///
/// Any section may be absent. `HTMLReport` and `MarkdownReport` show the document, and `json()` is the content of its
/// file.
package struct ReportDocument: Sendable, Equatable, Codable {
    static let format = "t2-report-1"

    /// A model that experts adapt.
    package struct BaseModel: Sendable, Equatable, Codable {
        var name: String
        /// The digest of the weights, as in the metadata of an expert.
        var digest: String
        var detail: String?
    }

    /// A setting that a reader needs to know, such as the seed, the split or the token limit.
    package struct Fact: Sendable, Equatable, Codable {
        var name: String
        var value: String
    }

    private(set) var format = ReportDocument.format
    package var title: String
    /// The paragraphs under the title.
    var summary: [String] = []
    package var models: [BaseModel] = []
    var facts: [Fact] = []
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

    /// The content of the document's file: indented JSON with sorted keys in snake case, and a newline at the end.
    ///
    /// - Throws: `InputError` if the document cannot be shown; see `check`.
    package func json() throws -> String {
        try check()
        let encoder = JSONEncoder.sorted(isIndented: true)
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
