import T2Core

/// The accuracies of systems on tasks, and comparisons of pairs of systems on the same problems.
package struct AccuracyTable: Sendable, Equatable, Codable {
    package struct Cell: Sendable, Equatable, Codable {
        var accuracy: AccuracyInterval
        /// A remark on this cell, such as which expert was best.
        var note: String?
    }

    /// A row of the table: a model with the adapter or the strategy that was evaluated.
    package struct System: Sendable, Equatable, Codable {
        package var name: String
        /// The number of trained parameters.
        package var parameters: Int?
        /// The bytes that a worker and the coordinator exchange for a unit of training: the vector one way, its
        /// gradient the other.
        var bytesPerUnit: Int?
        /// The number of completions that were sampled to adapt the system to a task.
        var rollouts: Int?
        /// The cells by task. A task without a cell was not measured.
        var cells: [String: Cell] = [:]
    }

    /// A comparison of two systems. `against` is the first system of the result and `system` the second, so that a
    /// positive difference favours `system`.
    package struct Comparison: Sendable, Equatable, Codable {
        var task: String
        var system: String
        package var against: String
        var result: PairedComparison
    }

    /// The names of the columns, in order.
    package var tasks: [String]
    /// The rows, in order.
    package var systems: [System]
    package var comparisons: [Comparison] = []
    /// The paragraphs under the section's title, which say what was found, negative results included.
    var notes: [String] = []

    var names: [String] { systems.map(\.name) }
}
