import T2Core

/// Liveness, from the I/O thread.
package struct Heartbeat: Sendable, Equatable, Codable {
    package init() {}
}
