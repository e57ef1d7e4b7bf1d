import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Expert files")
struct ExpertFileTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/expert.safetensors" }
    private let model = ModelConfiguration(
        vocabularySize: 10, hiddenSize: 8, intermediateSize: 12, layerCount: 2, headCount: 2, keyValueHeadCount: 1,
        headSize: 4,
        normEpsilon: 1e-5, ropeTheta: 1e4, contextLength: 16, tiedEmbeddings: true, beginningOfSequence: 0,
        endOfSequence: [1])

    init() throws { folder = try TemporaryFolder() }

    private func expert(_ value: Float) -> ExpertFile {
        let layout = ExpertLayout(model: model, targets: .all)
        var vector = ExpertVector(layout: layout, repeating: 1)
        vector.values[3] = value
        return ExpertFile(
            description: .init(
                modelDigest: Digest(of: "m"), task: "gsm-mini", parameterisation: "direct", step: 7, seed: .max,
                measures: ["validation-accuracy": "0.5"]), vector: vector)
    }

    @Test("the layout follows the layers and counts min(out, in) values a weight")
    func layout() {
        let layout = ExpertLayout(model: model, targets: .all)
        #expect(layout.entries.prefix(7).map(\.count) == [8, 4, 4, 8, 8, 8, 8])
        #expect(layout.entries[0].name == "model.layers.0.self_attn.q_proj.weight")
        #expect(layout.count == 2 * 48)
        #expect(ExpertLayout(model: model, targets: .mlp).entries.count == 6)
        #expect(ExpertLayout(model: model, targets: .attention).entries.count == 8)
    }

    @Test("what is written is read back, order included")
    func roundTrip() throws {
        try expert(1.25).write(to: path)
        #expect(try ExpertFile(path: path) == expert(1.25))
    }

    @Test("non-finite numbers are refused and named", arguments: [Float.nan, .infinity])
    func nonFinite(value: Float) throws {
        try expert(value).write(to: path)
        let error = #expect(throws: InputError.self) { try ExpertFile(path: path) }
        #expect(error?.description.contains("model.layers.0.self_attn.q_proj.weight") == true)
    }

    @Test("any other safetensors file is not taken for an expert")
    func otherFile() throws {
        try SafetensorsWriter.write([.init(name: "x", shape: [1], values: [1])], metadata: [:], to: path)
        let error = #expect(throws: InputError.self) { try ExpertFile(path: path) }
        #expect(error?.description.contains("not an expert file") == true)
    }
}
