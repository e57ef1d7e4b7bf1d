import Foundation
import T2Core
import T2Formats
import T2Model

extension MemoryEstimate {
    /// Refuses a model whose necessary parts exceed the memory that this process can get: loading it would end with the process being
    /// killed. A model that needs more than that only for large units is not refused.
    ///
    /// - Parameters:
    ///   - model: its path, for the error.
    ///   - room: bytes; nil if they are unknown.
    ///   - remedies: what would make the model fit, each as an object of "choose".
    /// - Throws: `InputError` (unavailable).
    package func requireRoom(_ room: Int?, model: String, remedies: [String]) throws(InputError) {
        guard let room, necessary > room else { return }
        let parts = Part.necessary.filter { self[$0] > 0 }
            .map { "\($0.rawValue) \(Self.text(self[$0]))" }.joined(separator: ", ")
        throw InputError(
            model,
            "in \(type.rawValue) it needs \(Self.text(necessary)) of memory at the least (\(parts)), but this process can get "
                + Self.text(room),
            remedy: "Choose " + (remedies + ["a machine with more memory"]).joined(separator: ", or ") + ".",
            exitStatus: .unavailable)
    }

    /// `12.3 GiB`.
    private static func text(_ bytes: Int) -> String {
        let mebibytes = Double(bytes) / Double(1 << 20)
        return mebibytes < 1024 ? String(format: "%.1f MiB", mebibytes) : String(format: "%.1f GiB", mebibytes / 1024)
    }
}

extension BaseModel {
    /// Loads a model, once it is clear that memory holds it.
    ///
    /// - Parameter choosesWeights: whether the program lets its user choose the type of the weights.
    /// - Throws: `InputError` (unavailable) with what it needs and what there is; the errors of `BaseModel`.
    package convenience init(
        fitting folder: BaseModelFolder, choosesWeights: Bool = true, resources: MachineResources = MachineResources()
    ) throws {
        func estimate(_ type: WeightType) -> MemoryEstimate {
            MemoryEstimate(folder.configuration, type, targets: nil)
        }
        let addressSpace = MachineResources.addressSpaceLeft
        let room = [resources.reachableMemory, addressSpace].compactMap(\.self).min()
        let canHalve = choosesWeights && folder.weightType == .float32 && MachineResources.multipliesBFloat16
        var remedies = canHalve && estimate(.bfloat16).necessary <= room ?? .max ? ["--weights bf16"] : []
        if let addressSpace, addressSpace == room { remedies.append("a higher limit on memory (ulimit -v)") }
        try estimate(folder.weightType).requireRoom(room, model: folder.path, remedies: remedies)
        try self.init(folder)
    }
}
