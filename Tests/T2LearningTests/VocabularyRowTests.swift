import Foundation
import Testing

import T2Learning

@Suite("Exponential of eight lanes")
struct VocabularyRowTests {
    @Test("is within 2.5e-7 of Float64 for log-probabilities")
    func accuracy() {
        var largest = 0.0
        for index in 0...20_000 {
            let x = -87 * Float(index) / 20_000
            let found = Double(VocabularyRow.exponential(SIMD8(repeating: x))[3])
            largest = max(largest, abs(found / exp(Double(x)) - 1))
        }
        #expect(largest <= 2.5e-7)
        #expect(VocabularyRow.exponential(SIMD8(repeating: 0))[0] == 1)
    }

    @Test("is 0 far below, and NaN for NaN")
    func extremes() {
        #expect(VocabularyRow.exponential(SIMD8(repeating: -88))[0] == 0)
        #expect(VocabularyRow.exponential(SIMD8(repeating: -.infinity))[0] == 0)
        #expect(VocabularyRow.exponential(SIMD8(repeating: .nan))[0].isNaN)
    }
}
