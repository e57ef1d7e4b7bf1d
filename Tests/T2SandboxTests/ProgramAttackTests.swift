import T2Sandbox
import Testing

/// One sandbox with one interpreter for all attacks, so that what one does to it would meet the next.
@Suite("A program that attacks", .serialized, .timeLimit(.minutes(20)))
struct ProgramAttackTests {
    private static let shared = Result {
        var limits = ProgramLimits()
        limits.processorSeconds = 1
        limits.wallSeconds = 6
        return try ProgramSandbox(parallelism: 1, limits: limits)
    }

    @Test("fails, escapes nowhere and leaves the next program unharmed", arguments: ProgramAttack.all)
    func fails(attack: ProgramAttack) throws {
        let sandbox = try Self.shared.get()
        let healthy = Program(
            source: "import os\ndef f(x):\n    return x + 1\ndef files():\n    return os.listdir('.')",
            tests: ["assert f(1) == 2", "assert files() == []"])
        let interpreter = sandbox.processIdentifiers
        let results = sandbox.run([attack.program, healthy])
        guard case .failed(let reason) = results[0] else {
            Issue.record("expected a failure, found \(results[0])")
            return
        }
        #expect(attack.reasons.isEmpty || attack.reasons.contains { reason.contains($0) })
        #expect(results[1] == .passed)
        #expect(sandbox.processIdentifiers == interpreter, "the interpreter had to be started again")
    }

    @Test("is one of many kinds")
    func count() {
        #expect(ProgramAttack.all.count >= 40)
        #expect(Set(ProgramAttack.all.map(\.name)).count == ProgramAttack.all.count)
    }
}
