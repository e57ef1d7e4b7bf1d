import T2Core
import T2Formats

/// The summary of a finished run.
package struct RunSummary: Sendable, Equatable {
    /// The number of updates.
    package let steps: Int
    package let endedEarly: Bool
    /// The accuracy on the validation split before training.
    package let base: AccuracyInterval
    package let best: AccuracyInterval
    package let bestStep: Int

    package init(steps: Int, endedEarly: Bool, base: AccuracyInterval, best: AccuracyInterval, bestStep: Int) {
        self.steps = steps
        self.endedEarly = endedEarly
        self.base = base
        self.best = best
        self.bestStep = bestStep
    }

    /// The result of the run, the paths of its files, and the command that measures the expert on the test split.
    package func lines(folder: RunFolder, configuration: RunConfiguration) -> [String] {
        let bestPath = folder.bestExpertPath(configuration.adapter)
        let gain = 100 * (best.accuracy - base.accuracy)
        var evaluate = "t2 eval --model \(Self.quoted(configuration.model)) --expert \(Self.quoted(bestPath))"
        evaluate += " --task \(Self.quoted(configuration.task)) --split test"
        if let data = configuration.data, data != BaseModelFolder.defaultData(model: configuration.model) {
            evaluate += " --data \(Self.quoted(data))"
        }
        if let system = configuration.system { evaluate += " --system=\(Self.quotedText(system))" }
        if let date = configuration.date { evaluate += " --date \(date)" }
        return [
            endedEarly
                ? "finished after \(steps) steps: \(configuration.patience) evaluations without improvement"
                : "finished after \(steps) steps",
            "validation accuracy",
            "  base  \(RunConsole.percent(base))",
            "  best  \(RunConsole.percent(best)) at step \(bestStep), \(RunConsole.points(gain))",
            "best expert: \(bestPath)",
            "last expert: \(folder.lastExpertPath(configuration.adapter))",
            "measure it on the test split: \(evaluate)",
        ]
    }

    /// The path, written so that it can be pasted into a POSIX shell and is not taken for an option.
    package static func quoted(_ path: String) -> String {
        quotedText(path.hasPrefix("-") ? "./" + path : path)
    }

    private static func quotedText(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/.-_".contains($0)) }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
