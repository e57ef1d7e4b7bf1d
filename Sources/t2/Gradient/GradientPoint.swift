import ArgumentParser
import T2Core
import T2Formats
import T2Model

/// The point at which a gradient is taken: an expert or a LoRA adapter, read before the weights of the base model.
enum GradientPoint {
    /// z = 1 if there is no expert.
    case scales(ExpertVector?, TargetModules)
    case lora(PEFTFolder)

    /// - Parameter targets: nil takes all matrices, or those of a LoRA adapter.
    /// - Throws: errors of reading the expert; `ValidationError` for target modules together with a LoRA adapter.
    init(expertPath: String?, targets: TargetModules?, model: BaseModelFolder) throws {
        guard let expertPath, isFolder(expertPath) else {
            let vector = try expertPath.map { try ExpertFile(path: $0, for: model).vector }
            self = .scales(vector, targets ?? .all)
            return
        }
        guard targets == nil else {
            throw ValidationError(
                "--target-modules applies to SVF experts only; leave it out for \(expertPath), a LoRA adapter.")
        }
        self = .lora(try PEFTFolder(path: expertPath, for: model))
    }

    /// The adapter, and its vector at the point.
    ///
    /// - Parameter progress: called while weights are decomposed.
    func adapter(_ base: BaseModel, progress: (Int, Int) -> Void) throws -> (adapter: any Adapter, vector: ExpertVector)
    {
        switch self {
        case .scales(let vector, let targets):
            let svf = try SVFModel(base, targets: targets, progress: progress)
            return (svf, try vector.map(svf.complete) ?? ExpertVector(layout: svf.layout, repeating: 1))
        case .lora(let folder):
            return (try LoRAModel(base, layout: folder.layout.expertLayout), folder.vector)
        }
    }

    /// A gradient as tensors: ∂L/∂z, or ∂L/∂A and ∂L/∂B under peft's names, where ∂L/∂B is s times that of the vector's s·B.
    func tensors(_ gradient: ExpertVector) -> [SafetensorsWriter.Tensor] {
        switch self {
        case .scales: gradient.tensors
        case .lora(let folder): folder.tensors(folder.layout.scaled(gradient.values))
        }
    }
}
