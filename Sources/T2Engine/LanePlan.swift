import T2Core

/// The number of lanes that a worker runs. It changes the speed, never the results.
package struct LanePlan: Sendable, Equatable {
    package let lanes: Int
    /// The reason why memory allows fewer lanes than cores; nil if it does not limit them.
    package let reduction: String?

    /// Plans one lane per core, or as many as fit into memory.
    ///
    /// - Parameter requested: the user's choice, used unchanged.
    package init(requested: Int?, resources: MachineResources, model: ModelConfiguration) {
        guard requested == nil, let memory = resources.availableMemory else {
            lanes = requested ?? resources.cores
            reduction = nil
            return
        }
        let room = (memory - Self.sharedBytes(model)) / Self.laneBytes(model)
        lanes = max(1, min(resources.cores, room))
        reduction =
            lanes == resources.cores
            ? nil
            : "\(resources.cores) cores, but \(memory >> 20) MiB of memory hold the weights (\(Self.sharedBytes(model) >> 20) MiB) "
                + "and \(max(0, room)) lanes (\(Self.laneBytes(model) >> 20) MiB each)"
    }

    /// The approximate size of the weights, their decomposition, and the merged weights of the policies kept.
    package static func sharedBytes(_ model: ModelConfiguration) -> Int {
        let projections = MatrixKind.allCases.reduce(0) { sum, kind in
            let (rows, columns) = kind.shape(model)
            return sum + rows * columns * (1 + PolicySets.kept) + kind.rank(model) * (rows + columns)
        }
        let embeddings = model.vocabularySize * model.hiddenSize * (model.tiedEmbeddings ? 2 : 3)
        return 4 * (model.layerCount * projections + embeddings)
    }

    /// The approximate size of a lane's caches and scratch memory at their largest: keys and values of 64 sequences, a packed
    /// prompt of 1024 tokens, the tape of 512 tokens and two blocks of 128 rows of logits.
    package static func laneBytes(_ model: ModelConfiguration) -> Int {
        let ranks = MatrixKind.allCases.reduce(0) { $0 + $1.rank(model) }
        let width = model.querySize + 2 * model.keyValueSize + 2 * model.intermediateSize + 4 * model.hiddenSize
        let cache = 64 * min(model.contextLength, 2048) * model.layerCount * 2 * model.keyValueSize
        let scratch = 1024 * (2 * width + ranks)
        let headNorms = model.architecture.hasHeadNorms ? model.querySize + model.keyValueSize : 0
        let tape = 512 * model.layerCount * (width + headNorms + ranks)
        let logits = 2 * 128 * model.vocabularySize
        return 4 * (cache + scratch + tape + logits)
    }
}
