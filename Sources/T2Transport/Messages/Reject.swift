/// The coordinator refuses a worker.
package struct Reject: Sendable, Equatable, Codable {
    package var reason: String
    package var remedy: String

    package init(reason: String, remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }
}
