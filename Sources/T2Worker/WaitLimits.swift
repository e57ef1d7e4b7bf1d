/// How long a worker waits for what others are to do.
package struct WaitLimits: Sendable, Equatable {
    /// The wait for an answer to HELLO or GET_BLOB, which is then sent again.
    package var answer: Duration = .seconds(10)
    /// The silence of a coordinator, which sends a heartbeat every second, that means that a long message is on its way.
    package var quiet: Duration = .seconds(3)
    /// The time for which a worker asks again that was refused for a reason that passes, and the pause in between.
    package var refusal: Duration = .seconds(20)
    package var refusalPause: Duration = .seconds(1)
    /// The wait for an acknowledgement; the result is then sent again. The time for all results that wait to pass a slow link
    /// is added.
    package var acknowledgement: Duration = .seconds(15)
    /// Bytes a second of the slowest link, 1 Mbit/s.
    package var slowestLink = 125_000
    /// The wait of an idle worker for the lease that it has asked for. HELLO is then sent again, because the CREDIT or a LEASE may
    /// be lost.
    package var lease: Duration = .seconds(30)
    /// The interval at which a lease that waits for a lane is renewed.
    package var renewal: Duration = .seconds(5)
    /// The wait before the first report that the coordinator is unreachable; the pause doubles up to `longestReport`.
    package var firstReport: Duration = .seconds(5)
    package var longestReport: Duration = .seconds(300)
    /// The interval at which the clock is read.
    package var tick: Duration = .seconds(1)

    package init() {}
}
