import Foundation
import T2Core

/// The embedding and the head of the base model, which peft saves beside an adapter where it cannot tell that training left them alone.
extension PEFTFolder {
    private static let carried = ["model.embed_tokens.weight", "lm_head.weight"]

    /// Whether a tensor of an adapter is a copy of the base model's embedding or head.
    static func isCarried(_ name: String) -> Bool { carried.contains { name == prefix + $0 } }

    /// Checks that the copies in an adapter equal the base model's tensors: t2 uses those.
    ///
    /// - Throws: `InputError` naming the tensor that differs.
    static func checkCarried(by path: String, of model: BaseModelFolder) throws {
        let file = try SafetensorsFile(path: path)
        for name in carried {
            guard let copy = file.tensors[prefix + name] else { continue }
            // A tied head is the embedding.
            let source = model.weights[name] == nil && model.configuration.tiedEmbeddings ? model.embeddingName : name
            func differs(_ problem: String) -> InputError {
                InputError(
                    path, "tensor '\(prefix + name)' \(problem)",
                    remedy:
                        "t2 runs adapters that leave the embedding and the head as they are: merge this one into the model with peft "
                        + "(merge_and_unload), or train it without modules_to_save and new tokens.")
            }
            guard let base = model.weights[source], let tensor = base.tensors[source] else {
                throw differs("is none of the base model \(model.path)")
            }
            guard copy.shape == tensor.shape else {
                throw differs("has shape \(copy.shape), the base model's \(tensor.shape)")
            }
            let values = try file.floats(of: prefix + name, widens: true)
            // A copy in a type of 16 bits is rounded.
            let isRounded = copy.element != tensor.element && copy.element != .float32
            let isSame = try base.floats(of: source, widens: true).elementsEqual(values) { base, copy in
                isRounded ? abs(base - copy) <= abs(base) / 128 + 1e-7 : base == copy
            }
            guard isSame else { throw differs("differs from that of the base model \(model.path)") }
        }
    }
}
