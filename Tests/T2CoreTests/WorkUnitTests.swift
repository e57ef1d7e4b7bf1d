import Foundation
import T2Core
import Testing

@Suite("A unit of work")
struct WorkUnitTests {
    private typealias Sequence = WorkUnit.Sequence

    private static func unit(_ sequences: [Sequence], index: Int = 0) -> WorkUnit {
        let count = 1 + (sequences.map(\.problem).max() ?? 0)
        return WorkUnit(
            key: UnitKey(run: "r", step: 3, phase: .train, index: index), seed: .max,
            problems: (0..<count).map {
                Problem(id: "p\($0)", topic: "", prompt: "\($0)?", verification: .number(answer: "1"))
            }, problemIndices: Array(0..<count), sequences: sequences, policies: [Policy.baseDigest],
            sampling: Sampling(temperature: 1, maxTokens: 4))
    }

    @Test("without sequences has no groups")
    func noGroups() { #expect(Self.unit([]).groups.isEmpty) }

    @Test("has a group a problem, of all its samples")
    func groups() {
        #expect(Self.unit(Sequence.all(problems: 3, samples: 2)).groups == [0..<2, 2..<4, 4..<6])
        #expect(Self.unit(Sequence.all(problems: 3)).groups == [0..<1, 1..<2, 2..<3])
        #expect(Self.unit(Sequence.all(problems: 1, samples: 5)).groups == [0..<5])
    }

    @Test("ends a group where the policy changes, and where the same problem comes again after another")
    func groupsOfPolicies() {
        let sequences = [(0, 0), (0, 0), (0, 1), (1, 1), (0, 1), (0, 1)].enumerated().map {
            Sequence(problem: $1.0, sample: $0, policy: $1.1)
        }
        #expect(Self.unit(sequences).groups == [0..<2, 2..<3, 3..<4, 4..<6])
    }

    @Test("has groups that cover its sequences, each with one problem and policy, none longer than it must be")
    func groupsInGeneral() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            let sequences = (0..<Int.random(in: 1...12, using: &random)).map {
                Sequence(
                    problem: Int.random(in: 0..<3, using: &random), sample: $0,
                    policy: Int.random(in: 0..<2, using: &random))
            }
            let groups = Self.unit(sequences).groups
            #expect(groups.flatMap(Array.init) == Array(sequences.indices))
            let names = groups.map { group in Set(sequences[group].map { [$0.problem, $0.policy] }) }
            #expect(names.allSatisfy { $0.count == 1 })
            #expect(zip(names, names.dropFirst()).allSatisfy { $0 != $1 }, "neighbours differ")
        }
    }

    @Test("lists samples problem by problem")
    func all() {
        let expected = [(0, 0), (0, 1), (1, 0), (1, 1)].map { Sequence(problem: $0.0, sample: $0.1) }
        #expect(Sequence.all(problems: 2, samples: 2) == expected)
    }

    @Test("writes a sequence as three numbers and reads no other form")
    func sequenceCoding() throws {
        let sequence = Sequence(problem: 1, sample: 2, policy: 3)
        let data = try JSONEncoder().encode(sequence)
        #expect(String(decoding: data, as: UTF8.self) == "[1,2,3]")
        #expect(try JSONDecoder().decode(Sequence.self, from: data) == sequence)
        for text in ["[]", "[1,2]", "{}", "[1,2,\"3\"]", "[1,2,0.5]", "[1,2,null]"] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(Sequence.self, from: Data(text.utf8)) }
        }
    }

    @Test("comes back the same from JSON")
    func coding() throws {
        let unit = Self.unit(Sequence.all(problems: 2, samples: 3))
        #expect(try JSONDecoder().decode(WorkUnit.self, from: JSONEncoder().encode(unit)) == unit)
    }

    @Test("is found in its round by its key, and its policies by their digests")
    func rounds() {
        let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "w", count: 2)]), values: [1, 2])
        let policies = [Policy.svf(vector), .lora(vector)]
        let units = (0..<3).map { Self.unit(Sequence.all(problems: 2, samples: $0 + 1), index: $0) }
        let round = Round(
            step: 3, units: units, policies: Dictionary(uniqueKeysWithValues: policies.map { ($0.digest, $0) }))
        for unit in units { #expect(round.unit(unit.key) == unit) }
        #expect(round.unit(UnitKey(run: "r", step: 3, phase: .train, index: 3)) == nil)
        #expect(round.sequenceCount == 12)
        for policy in policies { #expect(round.policy(policy.digest) == policy) }
        // Every worker holds the base model: no round needs to name it.
        #expect(round.policy(Policy.baseDigest) == .base)
        #expect(round.policy(Digest(of: "another")) == nil)
    }
}
