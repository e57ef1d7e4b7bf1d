import T2Core

/// Draws the labelled examples of a few-shot search.
package enum ShotSelection {
    /// Draws `count` problems without replacement; the same seed gives the same problems in the same order.
    ///
    /// - Throws: `InputError` if there are fewer, or one has no correct completion (`reference`).
    package static func draw(_ count: Int, from problems: [Problem], task: String, seed: UInt64) throws -> [Problem] {
        guard count >= 1, count <= problems.count else {
            throw InputError(
                "task '\(task)'",
                "\(count) shots were asked for, and there are \(problems.count) examples to draw from",
                remedy: "Set --shots to a number from 1 to \(problems.count).", exitStatus: .usage)
        }
        var random = SeededRandom(seed: seed, .shots)
        var rest = problems
        let shots = (0..<count).map { _ in rest.remove(at: Int(random.next() % UInt64(rest.count))) }
        if let problem = shots.first(where: { $0.reference == nil }) {
            throw InputError(
                "problem '\(problem.id)'",
                "has no reference, the correct completion that decides between equal candidates",
                remedy: "Add the key \"reference\" to the task's records.")
        }
        return shots
    }
}
