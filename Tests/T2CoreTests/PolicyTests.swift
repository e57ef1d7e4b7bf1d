import T2Core
import Testing

@Suite("A policy")
struct PolicyTests {
    private static func vector(_ entries: [(String, Int)], _ values: [Float]) -> ExpertVector {
        ExpertVector(layout: ExpertLayout(entries: entries.map { .init(name: $0.0, count: $0.1) }), values: values)
    }

    private static let reference = vector([("a.weight", 2), ("b.weight", 1)], [1, 0.5, -2])

    /// The reference with one thing changed.
    private static let others: [(change: String, vector: ExpertVector)] = [
        ("a name", vector([("a.weight", 2), ("c.weight", 1)], [1, 0.5, -2])),
        ("the order of names", vector([("b.weight", 2), ("a.weight", 1)], [1, 0.5, -2])),
        ("the counts", vector([("a.weight", 1), ("b.weight", 2)], [1, 0.5, -2])),
        ("an entry more, without values", vector([("a.weight", 2), ("b.weight", 1), ("c.weight", 0)], [1, 0.5, -2])),
        ("an entry fewer", vector([("a.weight", 3)], [1, 0.5, -2])),
        ("the last bit of a value", vector([("a.weight", 2), ("b.weight", 1)], [1, 0.5, Float(-2).nextUp])),
        ("the order of values", vector([("a.weight", 2), ("b.weight", 1)], [0.5, 1, -2])),
        ("a value more", vector([("a.weight", 2), ("b.weight", 2)], [1, 0.5, -2, 0])),
    ]

    @Test("has a digest that differs by kind, names, counts and values")
    func digests() {
        let vectors = [Self.reference] + Self.others.map(\.vector)
        let digests = [Policy.baseDigest] + vectors.flatMap { [Policy.svf($0).digest, Policy.lora($0).digest] }
        #expect(Set(digests).count == digests.count, "\(Self.others.map(\.change))")
        let zeros = [Float(0), -0.0].map { Policy.svf(Self.vector([("w", 1)], [$0])).digest }
        #expect(zeros[0] != zeros[1], "a digest is one of bits")
    }

    @Test("has the same digest wherever it is computed")
    func constants() {
        #expect(Policy.base.digest == Policy.baseDigest)
        #expect(Policy.baseDigest == Digest(of: "base"))
        #expect(
            Policy.baseDigest.hexadecimal == "cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2")
        #expect(Policy.svf(Self.reference).digest == Policy.svf(Self.reference).digest)
        #expect(
            Policy.svf(Self.reference).digest.hexadecimal
                == "8b073a980c7132f503ebb1ecbeb16caaf1cb0dd58a704dbeac6fff83e2201b32")
    }

    @Test("is made of a kind and a vector that go together")
    func kinds() {
        #expect(Policy(.base, vector: nil) == .base)
        #expect(Policy(.svf, vector: Self.reference) == .svf(Self.reference))
        #expect(Policy(.lora, vector: Self.reference) == .lora(Self.reference))
        #expect(Policy(.base, vector: Self.reference) == nil)
        #expect(Policy(.svf, vector: nil) == nil && Policy(.lora, vector: nil) == nil)
        for policy in [Policy.base, .svf(Self.reference), .lora(Self.reference)] {
            #expect(Policy(policy.kind, vector: policy.vector) == policy)
        }
    }
}
