import T2Core
import T2Learning
import Testing

@Suite("A search by populations")
struct PopulationSearchTests {
    private static let layout = ExpertLayout(entries: [.init(name: "w", count: 2)])

    private func search(iterations: Int, patience: Int = 10) throws -> PopulationSearch {
        let experts = [[1, 0], [0, 1]].map { ExpertVector(layout: Self.layout, values: $0) }
        var settings = FewShotSearch.Settings()
        settings.population = 4
        settings.iterations = iterations
        settings.patience = patience
        return try PopulationSearch(MixtureParameterisation(experts), shots: 10, settings: settings)
    }

    @Test("batches hold about 64 rows, cover every candidate once and depend on the counts alone")
    func batches() {
        for (candidates, shots) in [(32, 10), (8, 10), (5, 1), (1, 100), (3, 64)] {
            let batches = PopulationSearch.batches(candidates: candidates, shots: shots)
            #expect(batches.flatMap(Array.init) == Array(0..<candidates))
            #expect(batches.allSatisfy { $0.count == 1 || $0.count * shots <= 64 })
        }
    }

    @Test("it ends after its iterations, or earlier for want of a better candidate")
    func ends() throws {
        var whole = try search(iterations: 3)
        while !whole.isFinished { whole.update(right: [1, 2, 3, 4], logLikelihoods: []) }
        let solution = try whole.progress.solution(isCancelled: false)
        #expect(solution.iterations.map(\.rollouts) == [40, 80, 120])
        #expect(solution.endedEarly == nil)
        var stalled = try search(iterations: 50, patience: 2)
        while !stalled.isFinished { stalled.update(right: [5, 1, 1, 0], logLikelihoods: [-2, -1]) }
        #expect(try stalled.progress.solution(isCancelled: false).endedEarly == "no better candidate for 2 iterations")
        #expect(stalled.progress.iterations.count == 3)
    }

    @Test("the likelihood goes to the candidates that it was asked of, and decides between them")
    func likelihoods() throws {
        var search = try search(iterations: 2)
        let right = [3, 7, 7, 1]
        #expect(search.undecided(right) == [1, 2])
        let second = search.candidates[2]
        let iteration = search.update(right: right, logLikelihoods: [-5, -4])
        #expect(iteration.best == CoefficientScore(right: 7, logLikelihood: -4))
        #expect(search.candidates[0] == second)
    }

    @Test("settings out of range and an end before the first iteration are refused")
    func refusals() throws {
        #expect(throws: LearningError.self) { try search(iterations: 0) }
        let fresh = try search(iterations: 1)
        #expect(throws: InputError.self) { try fresh.progress.solution(isCancelled: true) }
    }
}
