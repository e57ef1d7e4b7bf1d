import T2Core
import T2Engine
import T2Formats
import T2Learning
import Testing

@Suite("ExpertMixture")
struct ExpertMixtureTests {
    private let values: [Float] = [0.1, -0.0, 3.7e-39, 1, 1.25]

    @Test("coefficients (1, 0) keep every bit, also of −0 and of denormal numbers", arguments: [[1.0, 0.0], [0, 1]])
    func identity(coefficients: [Double]) throws {
        let parts = zip([values, values], coefficients).map { part($0, $1) }
        let mixed = try ExpertMixture.mixed(parts)
        #expect(mixed.vector.values.map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test("the values are the weighted sum")
    func sum() throws {
        let mixed = try ExpertMixture.mixed([part([1, 2, 3, 4, 5], 0.25), part([5, 4, 3, 2, 1], -2)])
        #expect(mixed.vector.values == [-9.75, -7.5, -5.25, -3, -0.75])
    }

    @Test("a coefficient that is not finite, a sum that overflows and a mixture of nothing are refused")
    func nonFinite() throws {
        func refusal(_ parts: [ExpertMixture.Part]) -> String {
            let error = #expect(throws: InputError.self) { try ExpertMixture.mixed(parts) }
            return error?.description ?? ""
        }
        #expect(refusal([part(values, .nan)]).contains("coefficient is nan"))
        #expect(refusal([part(values, 1e39)]).contains("'w' overflows"))
        #expect(refusal([]).contains("no parts"))
    }

    @Test("parts of two models, or of two layouts, are refused by name")
    func differentKinds() throws {
        let foreign = part(values, 1, name: "foreign", model: "another")
        let shorter = part([1], 1, name: "shorter")
        for other in [foreign, shorter] {
            let error = #expect(throws: InputError.self) {
                try ExpertMixture.check([part(values, 1, name: "first"), other])
            }
            #expect(error?.description.contains(other.name) == true && error?.description.contains("first") == true)
        }
    }

    @Test("LoRA's factors are refused: their sum is not the sum of the changed weights")
    func lora() {
        let matrix = LoRAMatrix(layer: 0, kind: .up, rank: 1, inputs: 2, outputs: 3, scale: 1)
        let expert = ExpertFile(
            description: .init(
                modelDigest: Digest(of: "m"), task: "t", parameterisation: "lora", step: 1, seed: 1),
            vector: ExpertVector(layout: LoRALayout([matrix]).expertLayout, repeating: 1))
        let error = #expect(throws: InputError.self) {
            try ExpertMixture.check([("adapter", expert, 1)])
        }
        #expect(error?.description.contains("adapter: holds LoRA's factors") == true)
    }

    private func part(_ values: [Float], _ coefficient: Double, name: String = "e", model: String = "m")
        -> ExpertMixture.Part
    {
        let layout = ExpertLayout(entries: [.init(name: "w", count: values.count)])
        let description = ExpertFile.Description(
            modelDigest: Digest(of: model), task: "t", parameterisation: "direct", step: 1, seed: 0)
        let vector = ExpertVector(layout: layout, values: values)
        return (name, ExpertFile(description: description, vector: vector), coefficient)
    }
}
