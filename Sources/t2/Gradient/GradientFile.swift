import T2CommandLine
import T2Formats

/// A gradient on disk: safetensors, one float32 vector per weight under its Hugging Face name, or LoRA's factors.
enum GradientFile {
    /// - Throws: `SystemError`.
    static func write(
        _ tensors: [SafetensorsWriter.Tensor], model: BaseModelFolder, to destination: OutputDestination
    ) throws {
        try SafetensorsWriter.write(
            tensors, metadata: ["format": "t2-gradient/1", "base-model-digest": model.digest.hexadecimal],
            to: destination.path)
    }
}
