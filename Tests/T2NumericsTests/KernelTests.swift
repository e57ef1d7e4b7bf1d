import CKernels
import Foundation
import T2Core
import T2Numerics
import Testing

@Suite("Row kernels agree with double precision")
struct KernelTests {
    private func random(_ count: Int, scale: Double = 1, seed: UInt64 = 1) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in Float(random.nextNormal() * scale) }
    }

    @Test("log-softmax, for short and odd row lengths", arguments: [1, 7, 16, 33, 914])
    func logSoftmax(n: Int) {
        let x = random(3 * n, scale: 4)
        var y = x
        t2_log_softmax(&y, 3, n, n, 0.5)
        for row in 0..<3 {
            let scaled = x[row * n..<(row + 1) * n].map { Double($0) * 0.5 }
            let sum = log(scaled.reduce(0) { $0 + exp($1) })
            for (index, value) in scaled.enumerated() {
                #expect(abs(Double(y[row * n + index]) - (value - sum)) < 2e-6)
            }
        }
    }

    @Test("OpenBLAS uses the same set of instructions as the kernels, even on a processor that it does not know")
    func coreType() {
        let core = MatrixMultiply.coreName
        let version = String(cString: t2_kernel_version())
        #expect(version == "baseline" || !["Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona"].contains(core))
        #expect(version != "avx512" || !["Haswell", "Zen"].contains(core))
    }

    @Test("a NaN anywhere in a row makes its log-sum-exp NaN", arguments: [0, 5, 40])
    func nanSurvives(index: Int) {
        var x = random(41)
        x[index] = .nan
        var sum: Float = 0
        t2_log_sum_exp(x, &sum, nil, 1, 41, 41, 1)
        #expect(sum.isNaN)
        #expect(t2_all_finite(x, 41) == 0)
    }

    @Test("causal softmax sums to one over its window of the past and is zero elsewhere", arguments: [1, 5, 20, .max])
    func causalSoftmax(window: Int) {
        let n = 37
        let x = random(n * n, scale: 3)
        var y = x
        t2_causal_softmax(&y, n, n, 1, window, n, 0.3)
        for row in 0..<n {
            let reach = row * n + max(0, row + 1 - min(window, n))..<row * n + row + 1
            #expect(abs(y[reach].reduce(0, +) - 1) < 1e-5)
            #expect(y[row * n..<reach.lowerBound].allSatisfy { $0 == 0 })
            #expect(y[reach.upperBound..<(row + 1) * n].allSatisfy { $0 == 0 })
            let largest = x[reach].max()!
            let expected =
                exp(Double(x[reach.lowerBound] - largest) * 0.3)
                / x[reach].reduce(0.0) { $0 + exp(Double($1 - largest) * 0.3) }
            #expect(abs(Double(y[reach.lowerBound]) - expected) < 1e-6)
        }
    }

    @Test("SiLU times up and its gradient")
    func silu() {
        let n = 45
        let x = random(2 * 2 * n, scale: 5)
        var h = [Float](repeating: 0, count: 2 * n)
        t2_silu_multiply(x, &h, 2, n)
        let dh = random(2 * n, seed: 2)
        var gradient = x
        t2_silu_multiply_backward(&gradient, dh, 2, n)
        func value(_ g: Double, _ u: Double) -> Double { g / (1 + exp(-g)) * u }
        for row in 0..<2 {
            for i in 0..<n {
                let (g, u) = (Double(x[row * 2 * n + i]), Double(x[row * 2 * n + n + i]))
                let d = Double(dh[row * n + i])
                #expect(abs(Double(h[row * n + i]) - value(g, u)) < 1e-5)
                let slope = (value(g + 1e-5, u) - value(g - 1e-5, u)) / 2e-5 * d
                #expect(abs(Double(gradient[row * 2 * n + i]) - slope) < 1e-4 * (1 + abs(slope)))
                #expect(abs(Double(gradient[row * 2 * n + n + i]) - value(g, 1) * d) < 1e-5 * (1 + abs(d)))
            }
        }
    }

    @Test("RMSNorm and its gradient")
    func rmsNorm() {
        let n = 50
        let (x, w, dy) = (random(n, scale: 2), random(n, seed: 2), random(n, seed: 3))
        var y = [Float](repeating: 0, count: n)
        var inverse: Float = 0
        t2_rms_norm(x, w, &y, &inverse, 1, n, 1e-5)
        var dx = [Float](repeating: 0, count: n)
        t2_rms_norm_backward(dy, x, w, &inverse, &dx, 1, n)
        func loss(_ x: [Double]) -> Double {
            let r = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(n) + 1e-5).squareRoot()
            return (0..<n).reduce(0) { $0 + x[$1] * r * Double(w[$1]) * Double(dy[$1]) }
        }
        for i in 0..<n {
            var high = x.map(Double.init)
            var low = high
            high[i] += 1e-4
            low[i] -= 1e-4
            #expect(abs(Double(dx[i]) - (loss(high) - loss(low)) / 2e-4) < 1e-5)
        }
    }

    @Test("a draw follows the cumulative distribution and never returns a token of probability 0")
    func draw() {
        var x = random(130, scale: 2)
        for i in 64..<128 { x[i] = -.infinity }
        var sum: Float = 0
        t2_log_sum_exp(x, &sum, nil, 1, 130, 130, 1)
        var reached = 0.0
        for i in 0..<130 {
            let p = exp(Double(x[i]) - Double(sum))
            if p > 1e-4 { #expect(t2_draw(x, 130, 1, sum, reached + p / 2) == Int32(i)) }
            reached += p
        }
        #expect(t2_draw(x, 130, 1, sum, 0.999_999_999_999) == 129)
        x[128] = -.infinity
        x[129] = -.infinity
        t2_log_sum_exp(x, &sum, nil, 1, 130, 130, 1)
        #expect(t2_draw(x, 130, 1, sum, 0.999_999_999_999) < 64)
    }

    @Test("half and bfloat16 widen exactly, subnormals, infinities and NaN included")
    func widening() {
        let halves: [UInt16] = (0...UInt16.max).map { $0 }
        var wide = [Float](repeating: 0, count: halves.count)
        t2_from_half(halves, &wide, halves.count)
        for (bits, value) in zip(halves, wide) {
            let magnitude = bits & 0x7fff
            let exponent = Int(magnitude >> 10), mantissa = Double(magnitude & 0x3ff)
            let sign: Double = bits >> 15 == 1 ? -1 : 1
            switch exponent {
            case 31: #expect(mantissa == 0 ? value == Float(sign) * .infinity : value.isNaN)
            case 0: #expect(Double(value) == sign * mantissa * 0x1p-24)
            default: #expect(Double(value) == sign * (1 + mantissa * 0x1p-10) * pow(2, Double(exponent - 15)))
            }
        }
        t2_from_bfloat([0x3f80, 0xc000, 0x7f80], &wide, 3)
        #expect(wide.prefix(3) == [1, -2, .infinity])
    }

}
