import T2Core

/// Checks token identifiers from outside against a model.
struct TokenCheck {
    let model: ModelConfiguration

    /// - Throws: `InputError` for an identifier that the model has no embedding for.
    func identifiers(_ ids: [Int], location: String, key: String = "ids") throws -> [Int32] {
        for (index, id) in ids.enumerated() where id < 0 || id >= model.vocabularySize {
            throw InputError(
                location, "\(key)[\(index)] is \(id), expected an identifier from 0 to \(model.vocabularySize - 1)",
                remedy: "Make identifiers with t2 tokenize and the same model.")
        }
        return ids.map { Int32($0) }
    }

    /// - Throws: `InputError` if the model cannot read so many tokens at once.
    func length(_ count: Int, location: String) throws {
        guard count <= model.contextLength else {
            throw InputError(
                location, "has \(count) tokens, the model's context holds \(model.contextLength)",
                remedy: "Shorten or split it.")
        }
    }
}
