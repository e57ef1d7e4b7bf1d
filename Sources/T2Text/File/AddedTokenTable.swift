import T2Core
import T2Formats

/// The tokens that are added to a vocabulary, with the identifiers that the tokenizers library gives them, whatever the files say: a token
/// of the vocabulary keeps its identifier, and the others follow it in the order in which they are added.
struct AddedTokenTable {
    /// The number that identifiers must stay below. Tables indexed by a larger identifier would not fit into memory.
    static let identifierLimit = 1 << 24

    private let vocabulary: Vocabulary
    private(set) var tokens: [AddedToken] = []
    private var places: [[UInt8]: Int] = [:]
    private var next: Int

    init(after vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        next = vocabulary.count
    }

    /// Adds a token, or gives one that is there the flags of this one. Tokens without text are left out.
    ///
    /// - Throws: `TokenizerFile.Problem` for an identifier that another token has, or that is too large.
    mutating func add(_ token: AddedToken) throws {
        let key = token.key
        guard !key.isEmpty else { return }
        if let place = places[key] { return tokens[place].update(token.flags) }
        func malformed(_ problem: String) -> TokenizerFile.Problem {
            .malformed("added token '\(token.content)' \(problem)")
        }
        var token = token
        if let id = vocabulary.id(ofKey: key) {
            token.id = Int(id)
        } else {
            guard vocabulary.bytes(of: next).isEmpty else {
                throw malformed("gets id \(next), which another token has in model.vocab")
            }
            token.id = next
        }
        guard token.id < Self.identifierLimit else {
            throw malformed("gets id \(token.id), expected 0 to \(Self.identifierLimit - 1)")
        }
        next = max(next, token.id + 1)
        places[key] = tokens.count
        tokens.append(token)
    }
}

extension AddedTokenTable {
    /// - Parameters:
    ///   - file: the tokens of `added_tokens` in `tokenizer.json`.
    ///   - declared: those of the other files.
    /// - Throws: `InputError` for files that contradict each other, `TokenizerFile.Problem`.
    init(file: [AddedToken], declared: DeclaredTokens, after vocabulary: Vocabulary) throws {
        self.init(after: vocabulary)
        let file = file.filter { !$0.content.isEmpty }
        try Self.check(file)
        try Self.check(declared, file, vocabulary)
        if !declared.startsAnew { for token in file { try add(token) } }
        var list = declared.listed.mapValues { AddedToken($0) }
        if !declared.isListComplete { list.merge(file.map { ($0.id, $0) }) { $1 } }
        var new = list.sorted { $0.key < $1.key }.map(\.value)
        // A token of the list keeps the flags that it has there.
        let known = Set((tokens + new).map(\.key))
        let named = declared.named + declared.unordered
        try checkOrder(declared, known)
        var others: [DeclaredToken] = []
        for token in named + declared.extra where !known.contains(token.key) && !others.contains(token) {
            others.append(token)
        }
        new += others.map { AddedToken($0) }
        let special = Set(named.map(\.key))
        for token in new { try add(special.contains(token.key) ? token.special : token) }
        guard declared.clearsFlags else { return }
        for token in named + declared.extra { try add(AddedToken(DeclaredToken(token.content))) }
    }

    private static func check(_ file: [AddedToken]) throws {
        var flags: [[UInt8]: TokenFlags] = [:]
        for token in file {
            guard let other = flags.updateValue(token.flags, forKey: token.key) else { continue }
            guard other.hasMeaning(of: token.flags) else {
                throw TokenizerFile.Problem.malformed(
                    "added token '\(token.content)' stands there twice, with other flags")
            }
        }
    }

    /// Refuses an identifier that the files give to two tokens, and a token to which they give two.
    private static func check(_ declared: DeclaredTokens, _ file: [AddedToken], _ vocabulary: Vocabulary) throws {
        guard let path = declared.listPath else { return }
        func contradiction(_ problem: String) -> InputError {
            InputError(
                path, problem,
                remedy:
                    "Keep what the model was trained with: copy both files again from one source, or mend one by hand.")
        }
        var owners: [Int: AddedToken] = [:]
        var identifiers: [[UInt8]: Int] = [:]
        for token in file { (owners[token.id], identifiers[token.key]) = (token, token.id) }
        for (id, token) in declared.listed.sorted(by: { $0.key < $1.key }) {
            let text = token.content
            let spelled = vocabulary.id(ofKey: token.key).map { Int($0) }
            if let other = spelled ?? identifiers[token.key], other != id {
                throw contradiction(
                    "gives the token '\(text)' the identifier \(id), but tokenizer.json gives it \(other)")
            }
            guard spelled == nil else { continue }
            let bytes = vocabulary.bytes(of: id)
            let owner = bytes.isEmpty ? owners[id]?.content : String(decoding: bytes, as: UTF8.self)
            if let owner, Array(owner.utf8) != token.key {
                throw contradiction(
                    "gives the identifier \(id) to '\(text)', but tokenizer.json gives it to '\(owner)'")
            }
        }
        guard declared.startsAnew, declared.isListComplete else { return }
        let listed = Set(declared.listed.values.map(\.key))
        if let token = file.first(where: { !listed.contains($0.key) }) {
            throw contradiction("has added_tokens_decoder without '\(token.content)', which tokenizer.json adds")
        }
    }

    /// Refuses several new tokens whose order is not known.
    private func checkOrder(_ declared: DeclaredTokens, _ known: Set<[UInt8]>) throws {
        let known = known.union(declared.named.map(\.key))
        var new: [[UInt8]: String] = [:]
        for token in declared.unordered where !known.contains(token.key) && vocabulary.id(ofKey: token.key) == nil {
            new[token.key] = token.content
        }
        guard new.count > 1 else { return }
        let names = new.values.sorted().map { "'\($0)'" }.joined(separator: " and ")
        throw TokenizerFile.Problem.malformed(
            "it lacks \(names), which files beside it declare under names of this model's own, without identifiers")
    }
}

extension TokenFlags {
    /// Whether both mean the same, said or by default.
    fileprivate func hasMeaning(of other: TokenFlags) -> Bool {
        isSingleWord == other.isSingleWord && stripsLeft == other.stripsLeft && stripsRight == other.stripsRight
            && isNormalized == other.isNormalized && isSpecial == other.isSpecial
    }
}
