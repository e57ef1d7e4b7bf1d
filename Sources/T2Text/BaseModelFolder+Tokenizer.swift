import T2Core
import T2Formats

extension BaseModelFolder {
    /// A model folder with its tokenizer, which fits it.
    ///
    /// - Throws: what the folder and the tokenizer throw.
    package static func openWithTokenizer(path: String) throws -> (folder: BaseModelFolder, tokenizer: Tokenizer) {
        let folder = try BaseModelFolder(path: path)
        let tokenizer = try Tokenizer(path: folder.tokenizerPath)
        try tokenizer.checkAgreement(with: folder.configuration)
        return (folder, tokenizer)
    }
}
