import T2Core
import T2Learning
import Testing

@Suite("The cross-entropy method")
struct CrossEntropyMethodTests {
    private func method(_ method: FewShotSearch.Method = .cem, seed: UInt64 = 1) throws -> CrossEntropyMethod {
        var settings = FewShotSearch.Settings()
        settings.method = method
        settings.seed = seed
        return try CrossEntropyMethod(start: [1.0 / 3, 1.0 / 3, 1.0 / 3], settings: settings)
    }

    /// Ever more right the nearer α comes to (0.8, 0, 0.3); likelihood decides between equals.
    private func scores(_ candidates: [[Double]]) -> [CoefficientScore] {
        candidates.map { alpha in
            let distance = zip(alpha, [0.8, 0, 0.3]).reduce(0) { $0 + abs($1.0 - $1.1) }
            return CoefficientScore(right: max(0, 10 - Int(distance * 8)), logLikelihood: -distance)
        }
    }

    @Test("comes near the best coefficients, never lets go of the best so far, and converges")
    func converges() throws {
        var method = try method()
        var best = CoefficientScore(right: -1)
        for _ in 0..<60 where !method.hasConverged {
            method.update(scores(method.candidates()))
            let found = try #require(method.best)
            #expect(!(found.score < best))
            best = found.score
            #expect(method.candidates()[0] == found.alpha)
        }
        #expect(method.hasConverged)
        let alpha = try #require(method.best?.alpha)
        #expect(zip(alpha, [0.8, 0, 0.3]).allSatisfy { abs($0 - $1) < 0.06 })
    }

    @Test("candidates stay in 0…1 and reach both ends", arguments: [FewShotSearch.Method.cem, .random])
    func range(method: FewShotSearch.Method) throws {
        let all = try self.method(method).candidates().flatMap(\.self)
        #expect(all.allSatisfy { (0...1).contains($0) })
        #expect(all.min()! < 0.05 && all.max()! > 0.95)
    }

    @Test("the same seed proposes the same candidates, another seed others; random ones know nothing of the scores")
    func seeds() throws {
        var (first, second) = (try method(), try method())
        for _ in 0..<3 {
            #expect(first.candidates() == second.candidates())
            first.update(scores(first.candidates()))
            second.update(scores(second.candidates()))
        }
        #expect(try method(seed: 2).candidates() != (try method(seed: 1).candidates()))
        var (praised, blamed) = (try method(.random), try method(.random))
        praised.update(scores(praised.candidates()))
        blamed.update(scores(blamed.candidates()).map { CoefficientScore(right: 10 - $0.right) })
        #expect(praised.candidates()[1...] == blamed.candidates()[1...])
    }

    @Test("likelihoods are asked for where they decide: at the first place, and across the elites' border")
    func undecided() throws {
        var settings = FewShotSearch.Settings()
        settings.population = 6
        settings.eliteRatio = 0.34
        let method = try CrossEntropyMethod(start: [0.5], settings: settings)
        #expect(settings.eliteCount == 2)
        #expect(method.undecided([9, 8, 1, 1, 0, 3]) == [])
        #expect(method.undecided([9, 8, 9, 1, 0, 3]) == [0, 2])
        #expect(method.undecided([9, 8, 1, 8, 8, 3]) == [1, 3, 4])
        #expect(method.undecided([7, 7, 7, 7, 7, 7]) == [0, 1, 2, 3, 4, 5])
        settings.method = .random
        #expect(try CrossEntropyMethod(start: [0.5], settings: settings).undecided([9, 8, 1, 8, 8, 3]) == [])
    }

    @Test("among equals the incumbent stays, and elites are the likeliest")
    func ties() throws {
        var settings = FewShotSearch.Settings()
        settings.population = 4
        settings.eliteRatio = 0.25
        var method = try CrossEntropyMethod(start: [0.5], settings: settings)
        let candidates = method.candidates()
        method.update([-3.0, -2, -1, -2].map { CoefficientScore(right: 5, logLikelihood: $0) })
        // Candidates 1 and 3 are tied for the second place: the earlier one takes it.
        #expect(method.best?.alpha == candidates[2] && method.mean == [(candidates[1][0] + candidates[2][0]) / 2])
        let isBetter = method.update([-1.0, -1, -1, -1].map { CoefficientScore(right: 5, logLikelihood: $0) })
        #expect(!isBetter && method.best?.alpha == candidates[2])
    }

    @Test("settings and starts out of range are refused by name")
    func refusals() {
        func refusal(_ start: [Double] = [0.5], _ change: (inout FewShotSearch.Settings) -> Void) -> String {
            var settings = FewShotSearch.Settings()
            change(&settings)
            let error = #expect(throws: LearningError.self) { try CrossEntropyMethod(start: start, settings: settings) }
            return error?.description ?? ""
        }
        #expect(refusal { $0.population = 1 }.contains("population"))
        #expect(refusal { $0.eliteRatio = 0 }.contains("elite-ratio"))
        #expect(refusal { $0.eliteRatio = .nan }.contains("elite-ratio"))
        #expect(refusal([0.5, 1.5]) { _ in }.contains("value 2 is 1.5"))
        #expect(refusal([.nan]) { _ in }.contains("value 1 is nan"))
    }
}
