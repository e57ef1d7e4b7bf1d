/// How long what is awaited may take.
enum WaitLimits {
    /// An answer to HELLO or GET_BLOB; then it is asked for again.
    static let answer: Duration = .seconds(10)
    /// An acknowledgement; then the result is sent again.
    static let acknowledgement: Duration = .seconds(15)
    /// A lease that waits for a lane is renewed this often.
    static let renewal: Duration = .seconds(5)
    /// The first line about a coordinator that is not there; the pause doubles up to the longest.
    static let firstReport: Duration = .seconds(5)
    static let longestReport: Duration = .seconds(300)
}
