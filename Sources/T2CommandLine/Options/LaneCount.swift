import ArgumentParser

/// How many threads run the model; it changes speed, never results.
package struct LaneCount: ExpressibleByArgument {
    /// As many as the machine has room for.
    package static let auto = LaneCount(argument: "auto")!

    /// nil for `auto`.
    package let requested: Int?

    package init?(argument: String) {
        requested = Int(argument)
        guard argument == "auto" || (1...1024).contains(requested ?? 0) else { return nil }
    }

    package var defaultValueDescription: String { requested.map(String.init) ?? "auto" }
}
