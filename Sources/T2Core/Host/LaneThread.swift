import Foundation

/// Threads for the model's work, which computes for seconds: the pool that concurrent tasks share would starve.
package enum LaneThread {
    /// The kernels need little; a thread's default differs between systems.
    private static let stackBytes = 8 << 20

    /// Starts lane `number`; it ends when `body` returns.
    package static func start(_ number: Int, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = "t2-lane-\(number)"
        thread.stackSize = stackBytes
        thread.start()
    }

    /// Runs `body` on lanes 0 to `count` − 1 at once and waits for all.
    package static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            start(number) {
                body(number)
                group.leave()
            }
        }
        group.wait()
    }
}
