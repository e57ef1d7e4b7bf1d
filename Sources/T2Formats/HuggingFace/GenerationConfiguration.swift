import Foundation
import T2Core

/// The content of a `generation_config.json` that t2 reads.
enum GenerationConfiguration {
    static let fileName = "generation_config.json"

    /// The end tokens that the file names, which may be none; nil if the folder has no such file.
    ///
    /// - Throws: `InputError` for a file that cannot be read.
    static func endOfSequence(folder: String) throws(InputError) -> [Int]? {
        let path = "\(folder)/\(fileName)"
        guard let object = try JSONFile.object(path) else { return nil }
        switch object["eos_token_id"] {
        case nil, is NSNull: return []
        case let token as Int: return [token]
        case let tokens as [Int]: return tokens
        default:
            throw InputError(
                path, "its eos_token_id is neither a token's number nor a list of them",
                remedy: "Copy it again from the source of the model.")
        }
    }
}
