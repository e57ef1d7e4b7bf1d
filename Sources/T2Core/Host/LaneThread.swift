import Foundation

/// Threads for the model's computations, which take seconds and would starve the shared pool of concurrent tasks.
package enum LaneThread {
    /// The kernels need little stack; the default size differs between systems.
    private static let stackBytes = 8 << 20

    /// Starts lane `number`; it ends when `body` returns.
    package static func start(_ number: Int, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = "t2-lane-\(number)"
        thread.stackSize = stackBytes
        thread.start()
    }

    /// Runs `body` on lanes 0 to `count` − 1 concurrently and waits for all of them.
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
