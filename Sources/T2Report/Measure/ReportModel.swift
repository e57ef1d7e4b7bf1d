import T2Core
import T2Formats
import T2Jobs
import T2Text

/// A base model with its experts.
package struct ReportModel: Sendable {
    package let folder: BaseModelFolder
    package let tokenizer: Tokenizer
    let experts: ExpertLibrary

    init(path: String, experts library: String) throws {
        (folder, tokenizer) = try BaseModelFolder.openWithTokenizer(path: path, weights: .auto)
        experts = try ExpertLibrary(path: library, model: folder.digest)
    }

    var jobModel: JobModel { JobModel(folder) }

    var entries: [ExpertLibrary.Entry] { experts.answering }
}
