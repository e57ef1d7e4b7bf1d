/// The coordinator refuses a worker.
package struct Reject: Sendable, Equatable, Codable {
    package var reason: String
    package var remedy: String
    /// True if the same HELLO may be accepted in a moment; absent otherwise.
    package var isTemporary: Bool?

    package init(reason: String, remedy: String, isTemporary: Bool? = nil) {
        self.reason = reason
        self.remedy = remedy
        self.isTemporary = isTemporary
    }
}
