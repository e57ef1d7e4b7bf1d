import Synchronization
import T2Coordinator
import T2Jobs
import Testing

@Suite("A round that takes longer than a minute")
struct LongRoundsTests {
    @Test("is reported once a minute with its tokens, and the next round begins anew")
    func minutes() {
        let lines = Mutex<[String]>([])
        let rounds = LongRounds(steps: 9) { line in lines.withLock { $0.append(line) } }
        let start = ContinuousClock.now
        var progress = RoundProgress(step: 3, phase: .train, total: 64)
        for second in 0...125 {
            progress.completed = second / 4
            progress.tokens = 10 * second
            rounds.report(progress, at: start + .seconds(second))
        }
        let next = RoundProgress(step: 3, phase: .validation, total: 10)
        for second in 126...186 { rounds.report(next, at: start + .seconds(second)) }
        #expect(
            lines.withLock(\.self) == [
                "in step 4 of 9: 15 of 64 completions, 600 tokens, 3 min 16 s left",
                "in step 4 of 9: 30 of 64 completions, 1200 tokens, 2 min 16 s left",
                "in validation after step 3: 0 of 10 completions, 0 tokens",
            ])
    }
}
