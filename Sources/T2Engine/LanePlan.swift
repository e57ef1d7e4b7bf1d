import T2Core

/// The lanes of a process and their threads. They change the speed, never the results.
///
/// In float32 a lane is one thread. In bfloat16 the threads of a lane share its products, so that the weights of a large model are read
/// once for all of them, and caches are held once.
package struct LanePlan: Sendable, Equatable {
    package let lanes: Int
    /// The threads of each lane.
    package let threads: Int
    /// The reason why memory allows fewer lanes than cores; nil if it does not limit them.
    package let reduction: String?

    /// The least hidden size of a model whose products several threads share: with fewer columns a product is over too soon.
    private static let smallestShared = 512

    /// - Parameters:
    ///   - requested: the user's number of lanes, used unchanged.
    ///   - cores: the number of threads to use; nil for one per core of the machine.
    package init(
        requested: Int?, cores: Int? = nil, resources: MachineResources, model: ModelConfiguration, type: WeightType
    ) {
        let cores = cores ?? resources.cores
        let isShared = type == .bfloat16 && model.hiddenSize >= Self.smallestShared
        // Each thread has a block of 64 columns of every product.
        let wanted = requested ?? (isShared ? max(1, cores / max(1, model.hiddenSize / 64)) : cores)
        let (shared, lane) = (Self.sharedBytes(model, type), Self.laneBytes(model))
        if requested == nil, let memory = resources.availableMemory {
            let room = (memory - shared) / lane
            lanes = max(1, min(wanted, room))
            reduction =
                lanes == wanted
                ? nil
                : "\(wanted) lanes on \(cores) cores, but \(memory >> 20) MiB of memory hold the weights (\(shared >> 20) MiB) "
                    + "and \(max(0, room)) lanes (\(lane >> 20) MiB each)"
        } else {
            lanes = wanted
            reduction = nil
        }
        threads = isShared ? max(1, cores / lanes) : 1
    }

    /// The approximate size of the weights, their decomposition, and the merged weights of the policies kept.
    package static func sharedBytes(_ model: ModelConfiguration, _ type: WeightType) -> Int {
        let isHalf = type == .bfloat16
        let projections = MatrixKind.allCases.reduce(0) { sum, kind in
            let (rows, columns) = kind.shape(model)
            let factors = isHalf ? 0 : kind.rank(model) * (rows + columns)
            return sum + rows * columns * (1 + PolicySets.kept(type)) + factors
        }
        let embeddings = model.vocabularySize * model.hiddenSize * (model.tiedEmbeddings ? 2 : 3)
        return (isHalf ? 2 : 4) * (model.layerCount * projections + embeddings)
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
