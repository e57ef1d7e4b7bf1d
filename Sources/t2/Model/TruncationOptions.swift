import ArgumentParser

/// Truncation of the sampled distribution, for `t2 generate` only: training needs the whole distribution.
struct TruncationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Sample from the k most likely tokens.", valueName: "k"))
    var topK: Int?

    @Option(help: ArgumentHelp("Sample from the fewest tokens whose total probability reaches p.", valueName: "p"))
    var topP: Float?

    func validate() throws {
        if let topK, topK < 1 { throw ValidationError("--top-k is \(topK), expected 1 or more.") }
        if let topP, !(topP > 0 && topP <= 1) {
            throw ValidationError("--top-p is \(topP), expected a number above 0 and at most 1.")
        }
    }
}
