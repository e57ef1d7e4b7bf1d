import T2Core

/// The accuracies of systems on tasks, and comparisons of pairs of systems on the same problems.
package struct AccuracyTable: Sendable, Equatable, Codable {
    package struct Cell: Sendable, Equatable, Codable {
        package var accuracy: AccuracyInterval
        /// A remark on this cell, such as which expert was best.
        package var note: String?

        package init(_ accuracy: AccuracyInterval, note: String? = nil) {
            self.accuracy = accuracy
            self.note = note
        }
    }

    /// A row of the table: a model with the adapter or the strategy that was evaluated.
    package struct System: Sendable, Equatable, Codable {
        package var name: String
        /// The number of trained parameters.
        package var parameters: Int?
        /// The bytes that a worker and the coordinator exchange for a unit of training: the vector one way, its
        /// gradient the other.
        package var bytesPerUnit: Int?
        /// The number of completions that were sampled to adapt the system to a task.
        package var rollouts: Int?
        /// The cells by task. A task without a cell was not measured.
        package var cells: [String: Cell]

        package init(
            name: String, parameters: Int? = nil, bytesPerUnit: Int? = nil, rollouts: Int? = nil,
            cells: [String: Cell] = [:]
        ) {
            self.name = name
            self.parameters = parameters
            self.bytesPerUnit = bytesPerUnit
            self.rollouts = rollouts
            self.cells = cells
        }
    }

    /// A comparison of two systems. `against` is the first system of the result and `system` the second, so that a
    /// positive difference favours `system`.
    package struct Comparison: Sendable, Equatable, Codable {
        package var task: String
        package var system: String
        package var against: String
        package var result: PairedComparison

        package init(task: String, system: String, against: String, result: PairedComparison) {
            self.task = task
            self.system = system
            self.against = against
            self.result = result
        }
    }

    /// The names of the columns, in order.
    package var tasks: [String]
    /// The rows, in order.
    package var systems: [System]
    package var comparisons: [Comparison]
    /// The paragraphs under the section's title, which say what was found, negative results included.
    package var notes: [String]

    package init(tasks: [String], systems: [System], comparisons: [Comparison] = [], notes: [String] = []) {
        self.tasks = tasks
        self.systems = systems
        self.comparisons = comparisons
        self.notes = notes
    }

    var names: [String] { systems.map(\.name) }
}
