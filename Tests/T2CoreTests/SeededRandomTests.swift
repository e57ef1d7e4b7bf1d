import T2Core
import Testing

@Suite("Counter-based random numbers")
struct SeededRandomTests {
    @Test(
        "Philox4x32-10 gives the published known answers",
        arguments: [
            (
                SIMD4<UInt32>(0, 0, 0, 0), SIMD2<UInt32>(0, 0),
                SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
            ),
            (
                SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
                SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
            ),
            (
                SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
                SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
                SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
            ),
        ])
    func knownAnswers(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>) {
        #expect(SeededRandom.philox(counter: counter, key: key) == expected)
    }

    @Test("every part of a stream's name changes the stream, and the same name repeats it")
    func streams() {
        func first(_ seed: UInt64, _ step: Int, _ problem: Int, _ sample: Int) -> UInt64 {
            var random = SeededRandom(seed: seed, step: step, problem: problem, sample: sample)
            return random.next()
        }
        let all = [
            first(1, 2, 3, 4), first(2, 2, 3, 4), first(1, 3, 3, 4), first(1, 2, 4, 4), first(1, 2, 3, 5),
            first(1 << 40, 2, 3, 4),
        ]
        #expect(Set(all).count == all.count)
        #expect(first(1, 2, 3, 4) == all[0])
    }

    @Test("uniform numbers lie in [0, 1) with mean 1/2, normal ones have mean 0 and variance 1")
    func moments() {
        var random = SeededRandom(seed: 7)
        let uniform = (0..<20_000).map { _ in random.nextUniform() }
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(uniform.reduce(0, +) / 20_000 - 0.5) < 0.01)
        let normal = (0..<20_000).map { _ in random.nextNormal() }
        #expect(abs(normal.reduce(0, +) / 20_000) < 0.03)
        #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / 20_000 - 1) < 0.05)
    }
}
