import T2Core
import T2Model

/// The memory of a process that runs a model, by part, from the model's shape alone. Each part is named after what allocates it, and this
/// file alone knows their sizes.
///
/// Shape letters: M outputs and N inputs of a matrix, R singular values, V vocabulary, H hidden size, T tokens of a pass.
package struct MemoryEstimate: Sendable, Equatable {
    package enum Part: String, CaseIterable, Sendable {
        /// Programs, libraries, tokenizer.
        case process
        /// Pages of the weight files, read for the digest, and in bfloat16 as embedding. The system can take them back.
        case modelFile = "model-file"
        /// `MergedWeights` of the base model.
        case weights
        /// `TokenVectors`: embedding and head, and the head's transpose.
        case head
        /// Norms, and the rotary embedding of every position.
        case tables
        /// `SVFWeight`: V of each group side by side, and U in its file, which every token reads; only in float32.
        case factors
        /// Pages of the files of decompositions. The system can take them back.
        case factorFiles = "factor-files"
        /// `MergedWeights` of the policies that `PolicySets` keeps, and the scratch memory of merging one.
        case merged
        /// `KVCache`, of all lanes.
        case caches
        /// `ActivationTape`, of all lanes.
        case tapes
        /// `Workspace` and `LaneProducts`, of all lanes.
        case scratch
        /// What was freed, and the C library keeps for blocks that come later.
        case unused

        var isMapped: Bool { self == .modelFile || self == .factorFiles }

        /// Without these the process cannot do anything, however small its units are.
        static let necessary: [Part] = [.weights, .head, .tables]
    }

    private var bytes: [Part: Int]
    let type: WeightType

    package subscript(part: Part) -> Int { bytes[part, default: 0] }

    /// What the process has allocated at most, in bytes.
    package var resident: Int { Part.allCases.reduce(0) { $0 + ($1.isMapped ? 0 : self[$1]) } }

    /// The largest resident set, in bytes: what is allocated, and pages of files. In bfloat16 the factors' pages are given back as the
    /// first policy is merged, so that they never meet merged weights and lanes.
    package var peak: Int {
        guard type == .bfloat16 else { return resident + self[.modelFile] + self[.factorFiles] }
        let later = [Part.merged, .caches, .tapes, .scratch, .unused].reduce(0) { $0 + self[$1] }
        return resident - later + self[.modelFile] + max(self[.factorFiles], later)
    }

    /// The bytes of the parts that are always needed.
    package var necessary: Int { Part.necessary.reduce(0) { $0 + self[$1] } }

    /// Of one process that trains.
    ///
    /// - Parameter fileBytes: of the weight files; two bytes for each weight if nil.
    package init(
        _ model: ModelConfiguration, _ type: WeightType, lanes: Int, threads: Int, _ work: Workload,
        fileBytes: Int? = nil
    ) {
        self.init(model, type, targets: work.targets, fileBytes: fileBytes)
        bytes[.merged] = Self.merged(model, type, work)
        for (part, size) in Self.lane(model, type, threads: threads, work) { bytes[part] = lanes * size }
        bytes[.unused] = unused(model, work)
    }

    /// Of the base model, and of the factors of its target modules if there are some.
    package init(
        _ model: ModelConfiguration, _ type: WeightType, targets: TargetModules?, fileBytes: Int? = nil
    ) {
        self.type = type
        let element = type == .float32 ? 4 : 2
        let table = model.vocabularySize * model.hiddenSize
        var bytes: [Part: Int] = [:]
        bytes[.process] = 48 << 20 + 500 * model.vocabularySize
        bytes[.modelFile] = fileBytes ?? 2 * model.weightCount
        bytes[.weights] = element * model.sum(.all) { $0.elements(model) }
        // In bfloat16 the embedding stays in the file, and the head is packed.
        bytes[.head] = element * table * (type == .bfloat16 ? 1 : model.tiedEmbeddings ? 2 : 3)
        bytes[.tables] = 4 * (model.contextLength * model.headSize + (2 * model.layerCount + 1) * model.hiddenSize)
        if let targets {
            // The files hold U and V. In float32 V is copied, and its pages are not needed again.
            let factors = element * model.sum(targets) { $0.factorElements(model) }
            bytes[.factors] = type == .float32 ? factors : 0
            bytes[.factorFiles] =
                type == .float32 ? 4 * model.sum(targets) { $0.rank(model) * $0.shape(model).columns } : factors
        }
        self.bytes = bytes
    }

    /// The merged weights that are kept, and the largest group as float32 while it is merged, with its scaled V.
    private static func merged(_ model: ModelConfiguration, _ type: WeightType, _ work: Workload) -> Int {
        let tokens = work.promptsPerUnit * work.samplesPerPrompt * (work.promptTokens + work.maxTokens)
        guard MergeCost(model, work.targets, type).isMergingCheaper(tokens: tokens) else { return 0 }
        let element = type == .float32 ? 4 : 2
        let scratch = ProjectionGroup.all(of: work.targets).map { group in
            let inputs = group.inputSize(model)
            return 4 * inputs * (group.ranks(model) + (type == .bfloat16 ? group.outputSize(model) : 0))
        }
        return PolicySets.kept(type) * element * model.sum(work.targets) { $0.elements(model) } + (scratch.max() ?? 0)
    }

    /// A share of the parts in small blocks. Larger ones go back to the system as soon as they are freed.
    private func unused(_ model: ModelConfiguration, _ work: Workload) -> Int {
        let weights = 2 * model.intermediateSize * model.hiddenSize * (type == .float32 ? 4 : 2)
        let activations = 2 * model.intermediateSize * work.gradientTokens(type) * (type == .float32 ? 4 : 2)
        return [(Part.weights, weights), (.merged, weights), (.tapes, activations), (.scratch, activations)]
            .reduce(0) { $0 + ($1.1 < Self.returnedBlock ? self[$1.0] / 3 : 0) }
    }

    /// The bytes from which on glibc gives a block back when it is freed (M_MMAP_THRESHOLD's largest value).
    private static let returnedBlock = 32 << 20

    /// The parts of one lane.
    private static func lane(
        _ model: ModelConfiguration, _ type: WeightType, threads: Int, _ work: Workload
    ) -> [Part: Int] {
        let (h, i, v) = (model.hiddenSize, model.intermediateSize, model.vocabularySize)
        let queryKeyValue = model.querySize + 2 * model.keyValueSize
        let headNorms = model.architecture.hasHeadNorms ? model.querySize + model.keyValueSize : 0
        let isHalf = type == .bfloat16
        let ranks = ProjectionGroup.all(of: work.targets).map { $0.ranks(model) }
        let gradientTokens = work.gradientTokens(type)

        let capacity = (work.promptTokens + work.maxTokens + 15) / 16 * 16
        let cache = work.slots * capacity * model.layerCount * 2 * model.keyValueSize

        // Residual, queries to values, middle, gate and up; the attention's output in bfloat16; Vᵀx in float32. All in the weights' type.
        let kept =
            2 * h + queryKeyValue + 2 * i + headNorms + (isHalf ? model.querySize : ranks.reduce(0, +))
        let tape = gradientTokens * model.layerCount * kept * (isHalf ? 2 : 4)

        // Areas of the workspace have room for a quarter more rows than were asked for. The tape replaces some of them.
        let rows = max(work.prefillTokens, gradientTokens)
        let forward = 3 * h + queryKeyValue + model.querySize + 3 * i
        let backward = 3 * h + queryKeyValue + model.querySize + i + 2 * (ranks.max() ?? 0)
        let logits = v * (max(work.slots, rowsPerHead) + rowsPerHead * (work.referenceShare > 0 ? 2 : 1))
        let workspace = (rows * forward + gradientTokens * backward + logits) * 5 / 4

        // x in bfloat16, a packed block of the gradient's head, and each thread's part of few rows.
        let products =
            isHalf
            ? (2 * rows * max(h, i) + 2 * min(v, 1 << 14) * h + 4 * 32 * threads * max(2 * i, queryKeyValue)) * 5 / 4
            : 0
        return [.caches: 4 * cache, .tapes: tape, .scratch: 4 * workspace + products]
    }

    /// `Transformer.rowsPerHead`.
    private static let rowsPerHead = 128
}
