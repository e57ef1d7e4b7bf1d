import T2Core

/// A content-addressed policy. The payload holds its values (f32), deflated.
package struct Blob: Sendable, Equatable {
    package var digest: Digest
    package var policy: Policy

    package init(digest: Digest, policy: Policy) {
        self.digest = digest
        self.policy = policy
    }
}
