import T2Core

/// How many leases the worker can take besides those that it has received; the coordinator sends no more than that.
package struct Credit: Sendable, Equatable, Codable {
    package var count: Int
    /// The number of leases that came since WELCOME. What the coordinator has sent beyond them is on its way, and part of
    /// `count`. Absent from a worker that does not count.
    package var received: Int?

    package init(count: Int, received: Int? = nil) {
        self.count = count
        self.received = received
    }
}
