import T2Core
import T2Learning
import Testing

@Suite("LoRA's parameters")
struct LoRAParameterisationTests {
    private let layout = LoRALayout([
        LoRAMatrix(layer: 0, kind: .query, rank: 4, inputs: 100, outputs: 30, scale: 2.5),
        LoRAMatrix(layer: 1, kind: .down, rank: 2, inputs: 16, outputs: 40, scale: 0.5),
    ])

    @Test("start with B = 0 and with A uniform in ±1/√N, determined by the seed")
    func start() {
        let parameterisation = Parameterisation.lora(layout)
        let p = parameterisation.initialParameters(seed: 3)
        #expect(p == parameterisation.initialParameters(seed: 3))
        #expect(p != parameterisation.initialParameters(seed: 4))
        for (index, bound) in [(0, 0.1), (1, 0.25)] {
            let a = p[layout.range(index, .a)].map(Double.init)
            #expect(a.allSatisfy { abs($0) <= bound })
            #expect(a.max()! > 0.7 * bound && a.min()! < -0.7 * bound)
            #expect(p[layout.range(index, .b)].allSatisfy { $0 == 0 })
        }
        // The mean square of a uniform distribution in ±bound is bound²/3.
        let square = p[layout.range(0, .a)].reduce(0.0) { $0 + Double($1) * Double($1) } / 400
        #expect(abs(square / (0.01 / 3) - 1) < 0.2)
    }

    @Test("become a z with the scale α/r in B, which the chain rule applies to the gradient")
    func scale() {
        let parameterisation = Parameterisation.lora(layout)
        var random = SeededRandom(seed: 1)
        let p = (0..<layout.expertLayout.count).map { _ in Float(random.nextNormal()) }
        let gradient = (0..<p.count).map { _ in Float(random.nextNormal()) }
        let vector = parameterisation.vector(p)
        #expect(vector.layout == layout.expertLayout)
        let found = parameterisation.parameterGradient(
            p: p, vectorGradient: ExpertVector(layout: vector.layout, values: gradient))
        for (index, scale) in [(0, Float(2.5)), (1, 0.5)] {
            for i in layout.range(index, .a) {
                #expect(vector.values[i] == p[i] && found[i] == gradient[i])
            }
            for i in layout.range(index, .b) {
                #expect(vector.values[i] == scale * p[i] && found[i] == scale * gradient[i])
            }
        }
        #expect(parameterisation.lora == layout)
        #expect(parameterisation.name == "lora")
    }
}
