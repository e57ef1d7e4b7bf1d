import Foundation
import T2Adaptation
import T2Core
import T2Model
import Testing

@Suite("ModelLanes")
struct ModelLanesTests {
    private struct Failure: Error, Equatable { let item: Int }

    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("ReferenceTests/Fixtures").path

    @Test("results stand in the order of the items, with more lanes than items or fewer", arguments: [1, 2, 9])
    func order(count: Int) throws {
        let lanes = ModelLanes(try base(), count: count)
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
        let lanes = ModelLanes(try base(), count: 1)
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
        let lanes = ModelLanes(try base(), count: 2)
        let sequence = ScoredSequence(prompt: [3], completion: [4, 5, 6])
        let scores = try lanes.map(Array(0..<20)) { lane, _, _ in
            LogProbabilities(lane.transformer).score([sequence], .merged(lane.transformer.model.weights))[0]
        }
        #expect(Set(scores).count == 1)
    }

    private func base() throws -> BaseModel {
        try BaseModel(try BaseModelFolder(path: Self.fixtures + "/grouped-tied"))
    }
}
