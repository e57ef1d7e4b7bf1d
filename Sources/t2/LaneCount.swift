import ArgumentParser
import Foundation

/// How many threads run the model; it changes speed, never results.
enum LaneCount: ExpressibleByArgument, Equatable {
    case auto
    case count(Int)

    init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let count = Int(argument), (1...1024).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .auto: "auto"
        case .count(let count): String(count)
        }
    }

    /// `auto` is one lane per processor.
    var resolved: Int {
        switch self {
        case .auto: ProcessInfo.processInfo.activeProcessorCount
        case .count(let count): count
        }
    }
}

/// The lanes of a command that has work for several.
struct LaneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads that run the model, or auto for one per processor. It changes speed, never results.",
            valueName: "n"))
    var lanes = LaneCount.auto
}
