import Foundation
import T2Core

extension PEFTFolder {
    /// Checks that a tokenizer and a chat template beside the adapter, where a training program saved them, are those of the base
    /// model: t2 makes prompts with the base model's.
    ///
    /// The files may be written differently, as other versions of the tokenizers library write them.
    /// - Throws: `InputError` naming the file that differs; errors of reading the files.
    static func checkTokenizer(beside path: String, of model: BaseModelFolder) throws {
        func differs(_ file: String, _ what: String) -> InputError {
            InputError(
                file,
                "\(what) differs from that of the base model \(model.path), so the adapter was trained with other prompts",
                remedy:
                    "To use it, put the adapter's tokenizer and template files into a copy of the base model's folder and remove "
                    + "them here; to use the base model's, only remove them here.")
        }
        let tokenizer = "\(path)/tokenizer.json"
        if FileManager.default.fileExists(atPath: tokenizer), let part = try difference(tokenizer, model.tokenizerPath)
        {
            throw differs(tokenizer, "its \(part)")
        }
        guard let own = try ChatTemplateFile(folder: path, model: model.path) else { return }
        let base = try ChatTemplateFile(folder: model.path)
        guard own.text == base?.text else { throw differs(own.path, "its chat template") }
        let token = own.specialTokens.keys.union(base?.specialTokens.keys).sorted().first { name in
            own.text?.contains(name) == true && own.specialTokens[name] != base?.specialTokens[name]
        }
        if let token { throw differs(own.path, "the \(token) of its chat template") }
    }

    /// The first part in which two `tokenizer.json` differ; nil if they encode alike.
    private static func difference(_ first: String, _ second: String) throws -> String? {
        let contents = try [first, second].map { try JSONFile.content($0) }
        guard contents[0] != contents[1] else { return nil }
        let objects = try [first, second].map { try JSONFile.object($0) ?? [:] }
        let ignored: Set = ["version", "truncation", "padding"]
        return objects[0].keys.union(objects[1].keys).sorted().first { name in
            !ignored.contains(name) && !isSame(objects[0][name], objects[1][name])
        }
    }

    /// Whether two values of JSON mean the same in a tokenizer: an absent key is null or false, and a merge is a text with a space or
    /// a pair.
    private static func isSame(_ first: Any?, _ second: Any?) -> Bool {
        switch (first, second) {
        case (let first as [String: Any], let second as [String: Any]):
            return first.keys.union(second.keys).allSatisfy { key in
                guard key == "merges" else { return isSame(first[key], second[key]) }
                return merges(first[key]) == merges(second[key])
            }
        case (let first as [Any], let second as [Any]):
            return first.count == second.count && zip(first, second).allSatisfy(isSame)
        case (let first as String, let second as String): return first == second
        case (let first as NSNumber, let second as NSNumber): return first == second
        default: return isAbsent(first) && isAbsent(second)
        }
    }

    private static func isAbsent(_ value: Any?) -> Bool { value == nil || value is NSNull || value as? Bool == false }

    private static func merges(_ value: Any?) -> [String] {
        (value as? [Any] ?? []).map { ($0 as? [String])?.joined(separator: " ") ?? $0 as? String ?? "" }
    }
}

extension Dictionary.Keys where Key == String {
    fileprivate func union(_ other: Self?) -> Set<String> { Set(self).union(other.map(Set.init) ?? []) }
}
