import T2Core

/// A worker asks for a policy that it does not hold.
package struct GetBlob: Sendable, Equatable, Codable {
    package var digest: Digest

    package init(digest: Digest) { self.digest = digest }
}
