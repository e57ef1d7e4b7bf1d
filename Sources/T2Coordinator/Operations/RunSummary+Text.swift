import T2Core
import T2Formats

extension RunSummary {
    /// The result of the run, the paths of its files, and the command that measures the expert on the test split.
    package func lines(folder: RunFolder, configuration: RunConfiguration) -> [String] {
        let bestPath = folder.bestExpertPath(configuration.adapter)
        let gain = 100 * (best.accuracy - base.accuracy)
        var evaluate =
            "t2 eval --model \(Self.quoted(configuration.model)) --expert \(Self.quoted(bestPath))"
        evaluate += " --task \(Self.quoted(configuration.task)) --split test"
        if let data = configuration.data, data != BaseModelFolder.defaultData(model: configuration.model) {
            evaluate += " --data \(Self.quoted(data))"
        }
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

    /// The path, quoted for a POSIX shell if necessary.
    package static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        return isPlain && !path.isEmpty ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}
