import T2Core
import T2Formats
import Testing

@Suite("ExpertDifference")
struct ExpertDifferenceTests {
    @Test("norms, distances and cosines are those of the definition, the largest difference first")
    func definition() throws {
        let difference = try ExpertDifference(
            entry([("near", [1, 2]), ("far", [1, 1, 4])]), entry([("near", [1, 3]), ("far", [5, 1, 1])]))
        #expect(difference.matrices.map(\.name) == ["far", "near"])
        #expect(difference.all.count == 5)
        #expect(isClose(difference.all.a, 23))
        #expect(isClose(difference.all.b, 37))
        #expect(isClose(difference.all.a_change, 1 + 9))
        #expect(isClose(difference.all.b_change, 4 + 16))
        #expect(isClose(difference.all.difference, 1 + 16 + 9))
        #expect(abs(try #require(difference.all.cosine) - 2 / (10.0 * 20).squareRoot()) < 1e-12)
        #expect(difference.matrices[0].norms.cosine == 0)
        #expect(difference.matrices[1].norms.cosine == 1)
        let largest = difference.matrices.map(\.largest).map { [Float($0.index), $0.a, $0.b] }
        #expect(largest[0] == [0, 1, 5])
        #expect(largest[1] == [1, 2, 3])
    }

    @Test("an expert and itself have no difference; the base model has no direction")
    func same() throws {
        let expert = entry([("w", [1.5, 0.5])])
        let itself = try ExpertDifference(expert, expert)
        #expect(itself.all.difference == 0)
        #expect(itself.all.cosine == 1)
        let base = try ExpertDifference(expert, entry([("w", [1, 1])]))
        #expect(base.all.cosine == nil)
        #expect(base.all.difference == base.all.a_change)
    }

    @Test("a weight that one of the two does not adapt has z = 1 there, in either order")
    func missingWeights() throws {
        let whole = entry([("mlp", [2, 3]), ("attention", [3, 1])])
        let part = entry([("mlp", [2, 3])])
        for (a, b) in [(whole, part), (part, whole)] {
            let difference = try ExpertDifference(a, b)
            #expect(difference.all.count == 4)
            #expect(difference.matrices.map(\.name) == ["attention", "mlp"])
            #expect(isClose(difference.all.difference, 4))
        }
    }

    @Test("experts of two base models, or of two sizes, are refused by name")
    func incomparable() throws {
        let expert = entry([("w", [1, 2])], name: "first")
        for other in [entry([("w", [1, 2])], name: "foreign", model: "another"), entry([("w", [1])], name: "short")] {
            let error = #expect(throws: InputError.self) { try ExpertDifference(expert, other) }
            #expect(error?.description.hasPrefix(other.path + ": ") == true)
            #expect(error?.description.contains(expert.path) == true)
        }
    }

    private func isClose(_ norm: Double, _ square: Double) -> Bool { abs(norm - square.squareRoot()) < 1e-12 }

    private func entry(_ weights: [(String, [Float])], name: String = "e", model: String = "m") -> ExpertLibrary.Entry {
        let layout = ExpertLayout(entries: weights.map { .init(name: $0.0, count: $0.1.count) })
        let description = ExpertFile.Description(
            modelDigest: Digest(of: model), task: "t", parameterisation: "direct", step: 1, seed: 0)
        let vector = ExpertVector(layout: layout, values: weights.flatMap(\.1))
        return .init(name: name, path: "\(name).safetensors", expert: .init(description: description, vector: vector))
    }
}
