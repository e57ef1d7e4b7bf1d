import T2Core
import T2Numerics

/// One completion to draw.
package struct SampleRequest: Sendable {
    package var prompt: [Int32]
    /// This sample's own random stream, which the rest of the batch never changes.
    package var random: SeededRandom
    /// The row of the scale table, in factored execution.
    package var expert: Int32

    package init(prompt: [Int32], random: SeededRandom, expert: Int32 = 0) {
        self.prompt = prompt
        self.random = random
        self.expert = expert
    }

    /// The number of tokens that may be drawn: the limit, or the rest of the context.
    func limit(_ sampling: Sampling, _ model: ModelConfiguration) -> Int {
        min(sampling.maxTokens, model.contextLength - prompt.count)
    }
}

/// Draws completions in continuous batches: finished rows leave, waiting ones enter.
///
/// One object per lane. A prompt that several consecutive requests share is read once.
package final class Sampler {
    private struct Row {
        var request: Int
        var slot: Int
        var position: Int
        var token: Int32
    }

    private let transformer: Transformer
    private let slots: Int
    private var cache: KVCache?
    private var batch = TokenBatch()

    /// - Parameter slots: the largest number of sequences in flight.
    package init(_ transformer: Transformer, slots: Int = 64) {
        self.transformer = transformer
        self.slots = slots
    }

    /// Completions in the order of the requests, with their tokens, log-probabilities and finish reasons.
    ///
    /// - Parameters:
    ///   - stop: the condition that ends a completion, usually an end-of-sequence token.
    ///   - onToken: called after each token with its request's index; if it returns false, all sampling stops.
    /// - Throws: `InputError` if a prompt is empty or leaves no room in the context; `ModelError.nonFinite`.
    package func sample(
        _ requests: [SampleRequest], _ execution: Execution, _ sampling: Sampling, stop: StopCondition,
        onToken: (Int, Int32) -> Bool = { _, _ in true }
    ) throws -> [Completion] {
        var completions = requests.map { Completion(prompt: $0.prompt) }
        guard !requests.isEmpty else { return completions }
        let cache = try prepareCache(requests, sampling)
        var requests = requests
        var detectors = [StopDetector](repeating: StopDetector(), count: requests.count)
        var choice = TokenChoice(sampling)
        var free = Array((0..<min(slots, requests.count)).reversed())
        var active: [Row] = []
        var waiting = 0

        var isWanted = true

        /// Draws the next token of a request, and returns it unless it is the completion's last.
        func draw(_ request: Int, _ logits: UnsafePointer<Float>, _ count: Int) throws(ModelError) -> Int32? {
            let (token, logProbability) = transformer.measure(.vocabulary) {
                choice.choose(logits, count, &requests[request].random)
            }
            guard logProbability.isFinite else {
                throw .nonFinite(
                    quantity: "the log-probability of token \(completions[request].tokens.count)",
                    location: "sample \(request)")
            }
            completions[request].tokens.append(token)
            completions[request].logProbabilities.append(logProbability)
            let stopped = detectors[request].ends(token, stop)
            if stopped { completions[request].finishReason = .stop }
            isWanted = onToken(request, token)
            return stopped || completions[request].tokens.count >= limit(requests[request], sampling) ? nil : token
        }

        while waiting < requests.count || !active.isEmpty {
            while waiting < requests.count && !free.isEmpty {
                let admitted = admit(requests, from: waiting, &free)
                let logits = transformer.logits(transformer.forward(batch, execution, cache: cache))
                for entry in admitted {
                    let position = requests[entry.request].prompt.count
                    if entry.source != entry.slot {
                        cache.copy(from: entry.source, to: entry.slot, positions: position)
                    }
                    let token = try draw(entry.request, logits.row(entry.row), logits.columns)
                    guard isWanted else { return completions }
                    if let token {
                        active.append(Row(request: entry.request, slot: entry.slot, position: position, token: token))
                    } else {
                        free.append(entry.slot)
                    }
                }
                waiting += admitted.count
            }
            guard !active.isEmpty else { continue }
            batch.clear()
            for row in active {
                batch.append(
                    CollectionOfOne(row.token), from: row.position, outputs: 0..<1,
                    expert: requests[row.request].expert, slot: row.slot)
            }
            let logits = transformer.logits(transformer.forward(batch, execution, cache: cache))
            var kept = 0
            for (index, row) in active.enumerated() {
                let token = try draw(row.request, logits.row(index), logits.columns)
                guard isWanted else { return completions }
                if let token {
                    active[kept] = Row(request: row.request, slot: row.slot, position: row.position + 1, token: token)
                    kept += 1
                } else {
                    free.append(row.slot)
                }
            }
            active.removeLast(active.count - kept)
        }
        return completions
    }

    private func limit(_ request: SampleRequest, _ sampling: Sampling) -> Int {
        request.limit(sampling, transformer.model.configuration)
    }

    private func prepareCache(_ requests: [SampleRequest], _ sampling: Sampling) throws -> KVCache {
        let context = transformer.model.configuration.contextLength
        for request in requests {
            guard !request.prompt.isEmpty else {
                throw InputError("prompt", "it is empty", remedy: "Give at least one token.")
            }
            guard request.prompt.count < context else {
                throw InputError(
                    "prompt",
                    "it has \(request.prompt.count) tokens, but the model's context holds \(context) with the answer",
                    remedy: "Shorten the prompt.")
            }
        }
        let needed = requests.reduce(0) { max($0, $1.prompt.count + limit($1, sampling)) }
        let count = min(slots, requests.count)
        if let cache, cache.slots >= count, cache.capacity >= needed { return cache }
        let fresh = KVCache(transformer.model.configuration, slots: count, capacity: needed)
        cache = fresh
        return fresh
    }

    /// A request whose prompt is in the batch.
    private struct Admission {
        let request: Int
        let slot: Int
        /// The slot into which the prompt is read: its own, or that of the first request that shares the prompt.
        let source: Int
        /// The row of the prefill's logits.
        let row: Int
    }

    /// Fills the batch with the prompts of waiting requests, one copy of each run of equal prompts, while slots are
    /// free and the batch stays within `prefillTokens`.
    private func admit(_ requests: [SampleRequest], from first: Int, _ free: inout [Int]) -> [Admission] {
        let prefillTokens = 1024
        batch.clear()
        var admitted: [Admission] = []
        for next in first..<requests.count {
            guard let slot = free.last else { break }
            let request = requests[next]
            if let previous = admitted.last, requests[next - 1].prompt == request.prompt,
                requests[next - 1].expert == request.expert
            {
                admitted.append(Admission(request: next, slot: slot, source: previous.source, row: previous.row))
            } else {
                if !admitted.isEmpty && batch.count + request.prompt.count > prefillTokens { break }
                admitted.append(Admission(request: next, slot: slot, source: slot, row: batch.outputs.count))
                let last = request.prompt.count - 1
                batch.append(request.prompt, outputs: last..<last + 1, expert: request.expert, slot: slot)
            }
            free.removeLast()
        }
        return admitted
    }
}
