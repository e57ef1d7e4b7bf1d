import Foundation
import T2Core
import T2Model

/// The policies of a unit, prepared for sampling, scoring and differentiation. Lanes share the set; the lane that first needs a
/// costly part computes it once, while the others wait.
///
/// Several SVF policies can answer in one batch, with a z per row over one resident base model.
package final class PolicySet: Sendable {
    /// In the order to which the unit's sequences refer.
    package let policies: [Policy]
    private let adapters: ModelAdapters
    private let lock = NSLock()
    private nonisolated(unsafe) var prepared: Prepared?
    private nonisolated(unsafe) var merged: MergedWeights?

    /// The adapter of the policies, and their vectors in its layout.
    package struct Prepared: Sendable {
        package let adapter: any Adapter
        package let vectors: [ExpertVector]
        /// The factored form, with a row of the scale table for each policy.
        package let factored: Execution
    }

    package init(_ policies: [Policy], _ adapters: ModelAdapters) {
        precondition(!policies.isEmpty, "a policy set needs a policy")
        self.policies = policies
        self.adapters = adapters
    }

    package convenience init(_ policy: Policy, _ adapters: ModelAdapters) { self.init([policy], adapters) }

    /// Whether the only policy is the base model, which needs no preparation.
    package var isBaseModel: Bool { policies == [.base] }

    /// - Parameter onProgress: called about once a second while weights are decomposed.
    /// - Throws: `UnitError.unsuitableLease` for policies that cannot share a batch; `InputError` if one does not fit the model;
    ///   errors of the decomposition.
    @discardableResult
    package func prepare(onProgress: @escaping @Sendable () -> Void = {}) throws -> Prepared {
        try lock.withLock {
            if let prepared { return prepared }
            let fresh = try make(onProgress)
            prepared = fresh
            return fresh
        }
    }

    private func make(_ onProgress: @escaping @Sendable () -> Void) throws -> Prepared {
        if policies.count == 1, case .lora(let vector) = policies[0] {
            let adapter = try adapters.lora(vector.layout)
            let complete = try adapter.complete(vector)
            return Prepared(adapter: adapter, vectors: [complete], factored: adapter.factored(complete))
        }
        let layouts = policies.compactMap(\.vector?.layout)
        guard !policies.contains(where: { $0.kind == .lora }) else {
            throw UnitError.unsuitableLease(
                problem: "a LoRA adapter cannot answer in one batch with other policies",
                remedy: "Give it a unit of its own.")
        }
        let svf = try adapters.svf(covering: layouts, onProgress: onProgress)
        let vectors = try policies.map { policy in
            try policy.vector.map(svf.complete) ?? ExpertVector(layout: svf.layout, repeating: 1)
        }
        return Prepared(adapter: svf, vectors: vectors, factored: .factored(svf, ScaleTable(svf, vectors)))
    }

    /// The factored form, for scoring, where a policy is used too briefly to be merged.
    package func factored() throws -> Execution {
        isBaseModel ? .merged(adapters.base.weights) : try prepare().factored
    }

    /// The cheaper form for a unit of `tokens` tokens. It depends on the unit alone, so that every worker uses the same form.
    ///
    /// - Parameter isDifferentiated: whether the unit has a gradient, which must be that of what is sampled.
    /// - Cost: merging takes 2·M·N·R flops per adapted weight, once; for LoRA, R is its rank.
    package func execution(tokens: Int, on transformer: Transformer, isDifferentiated: Bool = false) throws -> Execution
    {
        if isBaseModel { return .merged(adapters.base.weights) }
        let ready = try prepare()
        if isDifferentiated, case .differentiable(let weights, _, _) = try differentiable(on: transformer) {
            return .merged(weights)
        }
        guard policies.count == 1, ready.adapter.isMergingCheaper(tokens: tokens) else { return ready.factored }
        return .merged(merge(ready, transformer))
    }

    /// The only policy in the form in which its gradient is computed.
    func differentiable(on transformer: Transformer) throws -> Execution {
        let ready = try prepare()
        return ready.adapter.differentiable(ready.vectors[0]) { merge(ready, transformer) }
    }

    private func merge(_ ready: Prepared, _ transformer: Transformer) -> MergedWeights {
        lock.withLock {
            let weights =
                merged
                ?? ready.adapter.merge(ready.vectors[0], on: transformer.products, onLayer: transformer.onLayer)
            merged = weights
            return weights
        }
    }

    /// Converts a gradient from the adapter's layout to that of the only policy.
    func inPolicyLayout(_ gradient: [Float], of adapter: any Adapter) -> [Float] {
        guard let layout = policies[0].vector?.layout, adapter.layout != layout else { return gradient }
        let indices = Dictionary(uniqueKeysWithValues: adapter.layout.entries.enumerated().map { ($1.name, $0) })
        return layout.entries.flatMap { entry in gradient[adapter.layout.range(indices[entry.name]!)] }
    }
}

/// The policy sets used last. A unit keeps its own set alive as long as it runs.
package struct PolicySets: Sendable {
    /// Two sets are kept, because late units of a step may overlap with the next step. In bfloat16, whose models are large, it is one.
    static func kept(_ type: WeightType) -> Int { type == .float32 ? 2 : 1 }

    private let adapters: ModelAdapters
    private var sets: [(digests: [Digest], set: PolicySet)] = []

    package init(_ adapters: ModelAdapters) { self.adapters = adapters }

    /// The set of these policies; a new set replaces the oldest.
    package mutating func set(_ digests: [Digest], _ policies: [Policy]) -> PolicySet {
        if let known = sets.first(where: { $0.digests == digests }) { return known.set }
        let fresh = PolicySet(policies, adapters)
        sets.append((digests, fresh))
        if sets.count > Self.kept(adapters.base.weights.type) { sets.removeFirst() }
        return fresh
    }
}
