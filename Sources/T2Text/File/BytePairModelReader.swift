/// Reads the `model` section of a `tokenizer.json`.
struct BytePairModelReader {
    private let sections: JSONSections

    /// - Parameter file: the sections of the whole file.
    init(_ file: JSONSections) throws {
        var scanner = try file.scanner(at: "model")
        sections = try JSONSections(&scanner, of: file.bytes)
    }

    /// - Parameters:
    ///   - spelling: how the keys of the vocabulary spell text.
    ///   - identifierLimit: the number that every identifier must stay below.
    /// - Throws: `JSONScanner.Failure` if the JSON is malformed; `TokenizerFile.Problem` if the model is malformed or
    ///   unsupported.
    func model(spelling: Spelling, identifierLimit: Int) throws -> BytePairModel {
        try checkKind()
        let fallsBackToBytes = try flag("byte_fallback")
        if fallsBackToBytes, spelling == .byteLevel {
            throw TokenizerFile.Problem.unsupported("model BPE with byte_fallback and pre-tokenizer ByteLevel")
        }
        let vocabulary = Vocabulary(
            entries: try vocabularyEntries(identifierLimit: identifierLimit), spelling: spelling)
        var unknown: BytePairModel.Unknown?
        if let name = try sections.decode(String?.self, "unk_token") {
            guard let token = vocabulary.id(ofKey: Array(name.utf8)) else {
                throw TokenizerFile.Problem.malformed("unk_token '\(name)' is not in model.vocab")
            }
            unknown = BytePairModel.Unknown(token: token, isFused: try flag("fuse_unk"))
        }
        return BytePairModel(
            vocabulary: vocabulary, merges: try mergeTable(vocabulary), ignoresMerges: try flag("ignore_merges"),
            unknown: unknown, fallsBackToBytes: fallsBackToBytes)
    }

    private func flag(_ name: String) throws -> Bool { try sections.decode(Bool?.self, name) ?? false }

    private func checkKind() throws {
        // Old files do not name the kind of model. BPE is the only kind with merges.
        let kind = try sections.decode(String?.self, "type") ?? (sections.contains("merges") ? "BPE" : "without a type")
        guard kind == "BPE" else { throw TokenizerFile.Problem.unsupported("model '\(kind)'") }
        if try sections.decode(Double?.self, "dropout") ?? 0 != 0 {
            throw TokenizerFile.Problem.unsupported("model BPE with dropout")
        }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = try sections.decode(String?.self, name), !text.isEmpty {
                throw TokenizerFile.Problem.unsupported("model BPE with \(name) '\(text)'")
            }
        }
    }

    private func vocabularyEntries(identifierLimit: Int) throws -> [Vocabulary.Entry] {
        var entries: [Vocabulary.Entry] = []
        var scanner = try sections.scanner(at: "vocab")
        try scanner.members { key, scanner in
            let id = try scanner.integer()
            guard (0..<identifierLimit).contains(id) else {
                throw TokenizerFile.Problem.malformed(
                    "token '\(text(key))' has id \(id), expected 0 to \(identifierLimit - 1)")
            }
            entries.append((key, Int32(id)))
        }
        guard !entries.isEmpty else { throw TokenizerFile.Problem.malformed("model.vocab is empty") }
        var owners = [Int32](repeating: -1, count: (entries.map { Int($0.id) }.max() ?? 0) + 1)
        for (index, entry) in entries.enumerated() {
            let owner = owners[Int(entry.id)]
            guard owner < 0 else {
                let names = "'\(text(entries[Int(owner)].key))' and '\(text(entry.key))'"
                throw TokenizerFile.Problem.malformed("tokens \(names) both have id \(entry.id)")
            }
            owners[Int(entry.id)] = Int32(index)
        }
        return entries
    }

    /// Reads the merges, which are written as `"left right"` in older files and as `["left", "right"]` in newer ones.
    private func mergeTable(_ vocabulary: Vocabulary) throws -> MergeTable {
        var pairs: [(left: [UInt8], right: [UInt8])] = []
        var scanner = try sections.scanner(at: "merges")
        try scanner.elements { scanner in
            var parts: [[UInt8]] = []
            if scanner.isAtArray() {
                try scanner.elements { parts.append(try $0.string()) }
            } else {
                let line = try scanner.string()
                if line.starts(with: "#version".utf8) { return }
                parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
            }
            guard parts.count == 2 else {
                throw TokenizerFile.Problem.malformed("merge \(pairs.count) has \(parts.count) parts, expected 2")
            }
            pairs.append((parts[0], parts[1]))
        }
        var merges = MergeTable(capacity: pairs.count)
        for (rank, pair) in pairs.enumerated() {
            func id(_ key: [UInt8]) throws -> Int32 {
                guard let id = vocabulary.id(ofKey: key) else {
                    throw TokenizerFile.Problem.malformed("merge \(rank) needs '\(text(key))', which model.vocab lacks")
                }
                return id
            }
            merges.insert(
                try id(pair.left), try id(pair.right), .init(rank: Int32(rank), result: try id(pair.left + pair.right)))
        }
        return merges
    }

    private func text(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }
}
