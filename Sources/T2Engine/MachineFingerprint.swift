import CKernels
import Foundation
import T2Core
import T2Numerics

/// The properties of a machine that determine the last bits of its results: processor model, BLAS core type, kernel version and, for
/// weights in bfloat16, the version of oneDNN.
package enum MachineFingerprint {
    package static func current(_ type: WeightType) -> String {
        "\(processorModel), BLAS \(MatrixMultiply.coreName), kernels \(kernels)"
            + (type == .bfloat16 ? ", oneDNN \(PackedMatrix.oneDNNVersion)" : "")
    }

    /// The version of our row kernels that this processor runs: `avx512`, `avx2` or `baseline`.
    package static var kernels: String { String(cString: t2_kernel_version()) }

    package static var processorModel: String {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    }
}
