import Foundation
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2TestSupport
import Testing

@Suite("A pool of lanes")
struct LanePoolTests {
    private struct Failure: Error, Equatable { let item: Int }

    @Test("results stand in the order of the items, with more lanes than items or fewer", arguments: [1, 2, 9])
    func order(count: Int) throws {
        let lanes = try LanePool(base(), count: count)
        for _ in 0..<3 {
            let found = try lanes.map(Array(0..<7)) { _, index, item in
                #expect(index == item)
                return item * item
            }
            #expect(found == [0, 1, 4, 9, 16, 25, 36])
        }
        #expect(try lanes.map([Int]()) { _, _, item in item } == [])
    }

    @Test("a failure is thrown and stops the rest")
    func failure() throws {
        let lanes = try LanePool(base(), count: 1)
        #expect(throws: Failure(item: 2)) {
            try lanes.map(Array(0..<5)) { _, _, item in
                #expect(item <= 2)
                if item == 2 { throw Failure(item: item) }
            }
        }
        #expect(try lanes.map([1]) { _, _, item in item } == [1])
    }

    @Test("lanes share the model and have scratch memory of their own")
    func ownership() throws {
        let base = try base()
        @Sendable func score(_ lane: Lane, _ length: Int) -> [Float] {
            let sequence = ScoredSequence(prompt: [3], completion: (0..<length).map { Int32(4 + 7 * $0 % 90) })
            return LogProbabilities(lane.transformer).score([sequence], .merged(base.weights))[0]
        }
        let lengths = (0..<40).map { 1 + 13 * $0 % 29 }
        let together = try LanePool(base, count: 4).map(lengths) { lane, _, length in score(lane, length) }
        #expect(together == lengths.map { score(Lane(base), $0) })
    }

    private func base() throws -> BaseModel {
        try BaseModel(try BaseModelFolder(path: ModelFixture.folder("grouped-tied")))
    }
}
