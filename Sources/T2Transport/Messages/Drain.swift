/// The coordinator asks a worker to finish its leases and leave.
package struct Drain: Sendable, Equatable, Codable {
    package var reason: String

    package init(reason: String) { self.reason = reason }
}
