import ArgumentParser

/// How many threads run the model; it changes speed, never results.
package enum LaneCount: ExpressibleByArgument, Equatable {
    /// As many as the machine has room for.
    case auto
    case count(Int)

    package init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let count = Int(argument), (1...1024).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    package var defaultValueDescription: String { requested.map(String.init) ?? "auto" }

    /// nil for `auto`.
    package var requested: Int? {
        switch self {
        case .auto: nil
        case .count(let count): count
        }
    }
}
