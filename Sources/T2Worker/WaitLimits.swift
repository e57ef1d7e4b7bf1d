/// How long what is awaited may take.
package struct WaitLimits: Sendable, Equatable {
    /// An answer to HELLO or GET_BLOB; then it is asked for again.
    package var answer: Duration = .seconds(10)
    /// An acknowledgement; then the result is sent again.
    package var acknowledgement: Duration = .seconds(15)
    /// A lease, for a worker that has asked for one and has nothing to compute; then HELLO is sent again, because the CREDIT or a
    /// LEASE may be lost.
    package var lease: Duration = .seconds(30)
    /// A lease that waits for a lane is renewed this often.
    package var renewal: Duration = .seconds(5)
    /// The first line about a coordinator that is not there; the pause doubles up to the longest.
    package var firstReport: Duration = .seconds(5)
    package var longestReport: Duration = .seconds(300)
    /// Time between two looks at the clock.
    package var tick: Duration = .seconds(1)

    package init() {}
}
