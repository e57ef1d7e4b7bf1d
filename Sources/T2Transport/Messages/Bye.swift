/// A worker leaves.
package struct Bye: Sendable, Equatable, Codable {
    package var reason: String

    package init(reason: String) { self.reason = reason }
}
