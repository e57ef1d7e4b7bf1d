import T2Core

/// The newest policy versions in memory. A unit keeps its own version alive for as long as it needs it.
struct PolicyVersions: Sendable {
    /// A step and the one before it: late units of the old one go on while the new one starts.
    static let kept = 2

    private let models: DecomposedModels
    private var versions: [PolicyVersion] = []

    init(_ models: DecomposedModels) { self.models = models }

    /// The version of this z; the oldest one makes room for a new one.
    mutating func version(_ digest: Digest, _ vector: ExpertVector) -> PolicyVersion {
        if let known = versions.first(where: { $0.digest == digest }) { return known }
        let fresh = PolicyVersion(digest: digest, vector: vector, models: models)
        versions.append(fresh)
        if versions.count > Self.kept { versions.removeFirst() }
        return fresh
    }
}
