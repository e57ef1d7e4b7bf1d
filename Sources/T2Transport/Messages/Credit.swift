/// The number of leases that the worker can take besides those that it has received; the coordinator sends no more than that.
package struct Credit: Sendable, Equatable, Codable {
    package var count: Int
    /// The number of leases received since WELCOME. Leases that the coordinator has sent beyond these are in transit and count
    /// towards `count`. Absent if the worker does not keep count.
    package var received: Int?

    package init(count: Int, received: Int? = nil) {
        self.count = count
        self.received = received
    }
}
