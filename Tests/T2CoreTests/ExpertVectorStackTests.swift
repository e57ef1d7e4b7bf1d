import T2Core
import Testing

@Suite("A stack of candidates")
struct ExpertVectorStackTests {
    private static let layout = ExpertLayout(entries: [.init(name: "a", count: 2), .init(name: "b", count: 1)])

    @Test("comes apart into the vectors it was made of", arguments: [1, 2, 7])
    func roundTrip(count: Int) {
        let vectors = (0..<count).map {
            ExpertVector(layout: Self.layout, values: [Float($0), Float($0) + 0.25, -Float($0)])
        }
        let stack = ExpertVector.stack(vectors)
        #expect(stack.values.count == 3 * count)
        #expect(stack.unstacked(count) == vectors)
    }

    @Test("is never taken for a stack of another number, nor for a single z")
    func otherCount() {
        let vector = ExpertVector(layout: Self.layout, repeating: 1)
        let stack = ExpertVector.stack([vector, vector, vector, vector])
        for count in [-1, 0, 1, 2, 3, 5, 8] { #expect(stack.unstacked(count) == nil, "\(count)") }
        #expect(vector.unstacked(1) == nil)
    }
}
