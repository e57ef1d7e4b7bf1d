import Foundation
import T2Core

/// The content of a `generation_config.json` that t2 reads.
struct GenerationConfiguration: Decodable {
    static let fileName = "generation_config.json"

    private let eos_token_id: ConfigurationFile.TokenIdentifiers?

    /// The end tokens that the file names, which may be none; nil if the folder has no such file.
    ///
    /// - Throws: `InputError` for a file that cannot be read.
    static func endOfSequence(folder: String) throws(InputError) -> [Int]? {
        try JSONFile.decode(Self.self, "\(folder)/\(fileName)").map { $0.eos_token_id?.all ?? [] }
    }
}
