import T2Core

/// Measures the seconds between laps.
struct Stopwatch {
    private var started = ContinuousClock.now

    /// Seconds since the last lap or the start.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { started = now }
        return (now - started).seconds
    }
}
