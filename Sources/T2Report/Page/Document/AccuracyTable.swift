import T2Core

/// Accuracies of systems on tasks, and how pairs of them compare on the same problems.
package struct AccuracyTable: Sendable, Equatable, Codable {
    package struct Cell: Sendable, Equatable, Codable {
        package var accuracy: AccuracyInterval
        /// What differs from cell to cell, such as which expert was best.
        package var note: String?

        package init(_ accuracy: AccuracyInterval, note: String? = nil) {
            self.accuracy = accuracy
            self.note = note
        }
    }

    /// One row: a model with the adapter or the strategy that was evaluated.
    package struct System: Sendable, Equatable, Codable {
        package var name: String
        /// Numbers that were trained.
        package var parameters: Int?
        /// Bytes that a worker and the coordinator exchange for a unit of training: the vector there, its gradient back.
        package var bytesPerUnit: Int?
        /// Completions that were sampled to adapt it to a task.
        package var rollouts: Int?
        /// By task; a task without a cell was not measured.
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

    /// `against` is the comparison's first system, `system` its second: a positive difference favours `system`.
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

    /// The columns, in their order.
    package var tasks: [String]
    /// The rows, in their order.
    package var systems: [System]
    package var comparisons: [Comparison]
    /// Paragraphs under the section's title: what came out, also if it is a negative result.
    package var notes: [String]

    package init(tasks: [String], systems: [System], comparisons: [Comparison] = [], notes: [String] = []) {
        self.tasks = tasks
        self.systems = systems
        self.comparisons = comparisons
        self.notes = notes
    }

    var names: [String] { systems.map(\.name) }
}
