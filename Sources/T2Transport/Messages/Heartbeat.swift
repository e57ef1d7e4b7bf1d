/// A sign of liveness from the I/O thread.
package struct Heartbeat: Sendable, Equatable, Codable {
    package init() {}
}
