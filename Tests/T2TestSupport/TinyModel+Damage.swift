import Foundation
import T2Core
import T2Formats

/// Ways to damage a model folder.
extension TinyModel {
    package var weightsPath: String { path + "/model.safetensors" }

    /// Rewrites the weights, each as `change` returns it; nil removes it.
    package func changeWeights(
        _ change: (SafetensorsWriter.Tensor) throws -> SafetensorsWriter.Tensor?
    ) throws {
        let file = try SafetensorsFile(path: weightsPath)
        let names = file.tensors.sorted { $0.value.range.lowerBound < $1.value.range.lowerBound }.map(\.key)
        let tensors = try names.compactMap { name in
            try change(.init(name: name, shape: file.tensors[name]!.shape, values: file.floats(of: name)))
        }
        try SafetensorsWriter.write(tensors, metadata: file.metadata, to: weightsPath)
    }

    /// Replaces the last value of one weight.
    package func spoil(_ name: String, with value: Float) throws {
        try changeWeights { tensor in
            guard tensor.name == name else { return tensor }
            return .init(name: name, shape: tensor.shape, values: tensor.values.dropLast() + [value])
        }
    }

    /// Replaces a text that is in config.json.
    package func editConfiguration(_ old: String, _ new: String) throws {
        let file = path + "/config.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        precondition(text.contains(old), "config.json has no \(old)")
        try AtomicFile.write(text.replacingOccurrences(of: old, with: new), to: file)
    }

    /// Cuts the last bytes off the weights.
    package func truncateWeights(by bytes: Int) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: weightsPath))
        try data.dropLast(bytes).write(to: URL(fileURLWithPath: weightsPath))
    }

    /// Adds a tensor of zeros that is no parameter, and which takes no room on the disk.
    package func addZeros(_ name: String, count: Int) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: weightsPath))
        let end = 8 + Int(bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) })
        var header = try JSONSerialization.jsonObject(with: bytes[8..<end]) as? [String: Any] ?? [:]
        header[name] = [
            "dtype": "F32", "shape": [count], "data_offsets": [bytes.count - end, bytes.count - end + 4 * count],
        ]
        let text = try JSONSerialization.data(withJSONObject: header)
        let whole = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + bytes[end...]
        try whole.write(to: URL(fileURLWithPath: weightsPath))
        guard truncate(weightsPath, off_t(whole.count + 4 * count)) == 0 else {
            throw SystemError("extend", weightsPath)
        }
    }
}
