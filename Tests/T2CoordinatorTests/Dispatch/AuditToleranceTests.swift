import T2Coordinator
import T2Core
import Testing

@Suite("Two results of different machine kinds")
struct AuditToleranceTests {
    private static let output: UnitOutput = {
        var output = UnitOutput(
            completions: (0..<3).map { sample in
                var completion = Completion(
                    prompt: [1, 2], tokens: [5, 6, Int32(sample)], logProbabilities: [-0.5, -2, -0.1],
                    finishReason: .stop)
                (completion.problem, completion.sample, completion.text) = ("p", sample, "text")
                (completion.reward, completion.advantage) = (.judged(.right), 0.5)
                return completion
            }, gradient: [1, -2, 0.5, 0])
        output.statistics.completionTokens = 9
        output.statistics.promptTokens = 2
        output.statistics.policyLoss = -3
        output.statistics.kl = 0.2
        return output
    }()

    private static func changed(_ change: (inout UnitOutput) -> Void) -> UnitOutput {
        var output = output
        change(&output)
        return output
    }

    private static func agree(_ a: UnitOutput, _ b: UnitOutput) -> Bool {
        let answers = [AuditTolerance.agree(a, b, checking: output), AuditTolerance.agree(b, a, checking: output)]
        #expect(answers[0] == answers[1])
        return answers[0]
    }

    @Test("agree if they differ by rounding and in what the clock decides")
    func rounding() {
        let other = Self.changed { output in
            for index in output.completions.indices {
                output.completions[index].logProbabilities = output.completions[index].logProbabilities.map {
                    $0 + 1e-4
                }
            }
            output.gradient = output.gradient?.map { $0 * 1.0001 + 1e-6 }
            output.statistics.policyLoss += 1e-4
            output.statistics.samplingSeconds = 7
        }
        #expect(Self.agree(Self.output, other))
    }

    @Test("differ if one number is another one")
    func lies() {
        let lies: [(String, (inout UnitOutput) -> Void)] = [
            ("log-probability", { $0.completions[1].logProbabilities[2] = -0.2 }),
            ("token", { $0.completions[1].tokens[2] = 9 }), ("prompt", { $0.completions[0].prompt = [1, 3] }),
            ("reward", { $0.completions[2].reward = .judged(.wrong) }), ("text", { $0.completions[2].text = "other" }),
            ("finish", { $0.completions[2].finishReason = .length }),
            ("advantage", { $0.completions[0].advantage = 0.6 }), ("gradient", { $0.gradient?[3] = 0.1 }),
            ("gradient's sign", { $0.gradient = $0.gradient?.map { -$0 } }), ("no gradient", { $0.gradient = nil }),
            ("loss", { $0.statistics.policyLoss = -4 }), ("divergence", { $0.statistics.kl = nil }),
            ("groups", { $0.statistics.equalRewardGroups = 1 }), ("fewer", { $0.completions.removeLast() }),
            (
                "a completion that ends too early",
                {
                    $0.completions[0].tokens.removeLast()
                    $0.completions[0].logProbabilities.removeLast()
                }
            ),
        ]
        for (name, lie) in lies { #expect(!Self.agree(Self.output, Self.changed(lie)), "\(name)") }
    }

    @Test("of which both found the third one's token wrong are compared up to there")
    func wrongToken() {
        /// What a check finds: the completion ends with the token that it draws itself.
        func check(_ token: Int32) -> UnitOutput {
            Self.changed { output in
                output.completions[1].tokens = [5, token]
                output.completions[1].logProbabilities = [-0.5, -3]
                output.completions[1].text = ""
                // The reward changes the advantages of the other completions too.
                output.completions[1].reward = .judged(.wrong)
                for index in output.completions.indices { output.completions[index].advantage = 0.25 }
                output.gradient = [9, 9, 9, 9]
            }
        }
        #expect(Self.agree(check(8), check(8)))
        #expect(!Self.agree(check(8), check(7)))
        #expect(!Self.agree(check(8), Self.output))
        let computed = Self.changed { output in
            output.completions[1].tokens = [5, 8, 2]
            output.completions[1].logProbabilities = [-0.5, -3, -1]
        }
        #expect(Self.agree(check(8), computed))
    }
}
