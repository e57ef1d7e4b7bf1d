import T2Core
import T2Jobs

extension RoundResults {
    /// Results from outputs in memory.
    init(round: Round, outputs: [UnitKey: UnitOutput]) {
        self.init(
            round: round, summary: { outputs[$0.key].map(UnitSummary.init) ?? UnitSummary() },
            completions: { outputs[$0.key]?.completions }, gradient: { outputs[$0.key]?.gradient ?? [] })
    }
}
