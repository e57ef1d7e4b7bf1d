/// What makes a job on the cluster, a search or an evaluation, the same job when it is resumed.
package protocol JobIdentity: Sendable, Equatable, Codable {
    /// In messages, and the name of the file that says what a run folder holds: `search`, `evaluation`.
    static var noun: String { get }
    /// Its subcommand of `t2-coord`.
    static var command: String { get }

    /// What differs, as a person would say it; nil if nothing does.
    func difference(from saved: Self) -> String?
}

extension JobIdentity {
    /// The names of what differs, from pairs of a name and whether it is equal.
    static func difference(_ parts: [(String, Bool)]) -> String? {
        let different = parts.filter { !$0.1 }.map(\.0)
        return different.isEmpty ? nil : "other " + different.joined(separator: ", other ")
    }
}
