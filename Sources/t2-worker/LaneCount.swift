import ArgumentParser

/// How many units a worker computes at a time.
enum LaneCount: ExpressibleByArgument, Equatable {
    /// One a core, or as many as memory holds.
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
        case .count(let count): "\(count)"
        }
    }

    /// nil for `auto`.
    var requested: Int? {
        switch self {
        case .auto: nil
        case .count(let count): count
        }
    }
}
