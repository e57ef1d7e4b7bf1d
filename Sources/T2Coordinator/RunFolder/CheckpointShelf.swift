import Foundation
import T2Core
import T2Learning

/// The files of `checkpoints/`: `step-000012.safetensors` and so on. The last two and the best are kept.
package struct CheckpointShelf: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    package func path(step: Int) -> String { folder + "/" + String(format: "step-%06d.safetensors", step) }

    /// Writes a checkpoint durably, then removes those no longer needed.
    package func save(_ checkpoint: Checkpoint) throws {
        try checkpoint.write(to: path(step: checkpoint.step))
        let kept = [checkpoint.step, checkpoint.step - 1, checkpoint.earlyStopping.best?.step]
        for step in steps() where step < checkpoint.step && !kept.contains(step) { unlink(path(step: step)) }
    }

    /// The newest checkpoint that can be read, and the errors of newer ones.
    package func latest() -> (checkpoint: Checkpoint?, damaged: [String]) {
        var damaged: [String] = []
        for step in steps().reversed() {
            do {
                return (try Checkpoint(path: path(step: step)), damaged)
            } catch {
                damaged.append("\(error)")
            }
        }
        return (nil, damaged)
    }

    /// The steps for which there is a file, in order.
    package func steps() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("step-"), name.hasSuffix(".safetensors") else { return nil }
            return Int(name.dropFirst(5).dropLast(12))
        }
        .sorted()
    }
}
