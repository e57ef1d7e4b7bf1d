import Foundation

/// The key of a worker that was invited.
package struct WorkerKey: Sendable, Equatable, Codable {
    package let name: String
    package let key: CurveKey
    package let invited: Date
    /// The time after which the key is refused; nil if there is none.
    package let expires: Date?
    /// The time at which the key was revoked.
    package internal(set) var revoked: Date?

    package init(name: String, key: CurveKey, invited: Date, expires: Date? = nil) {
        self.name = name
        self.key = key
        self.invited = invited
        self.expires = expires
    }

    /// The name of the key that the workers of one coordinator on its own machine share.
    package static let localName = "local"

    /// Why the key is refused now; nil if it is valid.
    package func refusal(at now: Date = Date()) -> String? {
        if let revoked { return "its key was revoked on \(revoked.formatted(.iso8601))" }
        if let expires, expires <= now { return "its key expired on \(expires.formatted(.iso8601))" }
        return nil
    }

    /// Whether a worker with this key may have this name: its own, or its own, a slash and a suffix.
    package static func allows(_ worker: String, keyName: String) -> Bool {
        worker == keyName || worker.hasPrefix(keyName + "/")
            || (keyName == localName && worker.hasPrefix(localName + "-"))
    }
}
