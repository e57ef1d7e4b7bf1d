import Foundation

/// Threads for the model's computations, which take seconds and would starve the shared pool of concurrent tasks.
package enum LaneThread {
    /// The kernels need little stack; the default size differs between systems.
    private static let stackBytes = 8 << 20

    /// Checks that the system lets this process have the threads that the runtime starts on demand. The runtime would wait
    /// for ever for a thread that it cannot start.
    ///
    /// - Throws: `InputError` (unavailable).
    package static func requireRoom(_ count: Int = MachineResources().cores + 8) throws {
        let gate = DispatchSemaphore(value: 0)
        var threads: [pthread_t] = []
        var status: Int32 = 0
        for _ in 0..<count where status == 0 {
            var thread = pthread_t()
            status = pthread_create(
                &thread, nil,
                { context in
                    if let context { Unmanaged<DispatchSemaphore>.fromOpaque(context).takeUnretainedValue().wait() }
                    return nil
                }, Unmanaged.passUnretained(gate).toOpaque())
            if status == 0 { threads.append(thread) }
        }
        for _ in threads { gate.signal() }
        for thread in threads { pthread_join(thread, nil) }
        guard status != 0 else { return }
        throw InputError(
            "threads",
            "the system lets this process start \(threads.count) threads, expected at least \(count): "
                + String(cString: strerror(status)),
            remedy: "Raise the limits on memory and processes (ulimit -v, ulimit -u).", exitStatus: .unavailable)
    }

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
