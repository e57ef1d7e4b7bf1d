import Foundation

/// The processors and memory that the system and the control group allow this process.
package struct MachineResources: Sendable, Equatable {
    /// The number of processors, or the control group's quota if that is smaller; at least 1.
    package let cores: Int
    /// Bytes that can still be allocated without disturbing other work; nil if the system does not report them.
    package let availableMemory: Int?
    /// Bytes that can be allocated at the very most, with swap and with all of the page cache; nil if the system does not report them.
    package let reachableMemory: Int?

    /// - Parameter reachableMemory: as much as is available if nil.
    package init(cores: Int, availableMemory: Int?, reachableMemory: Int? = nil) {
        self.cores = cores
        self.availableMemory = availableMemory
        self.reachableMemory = reachableMemory ?? availableMemory
    }

    /// - Parameter root: the folder that holds `proc` and `sys`.
    package init(root: String = "", processors: Int = ProcessInfo.processInfo.activeProcessorCount) {
        let group = ControlGroup(root: root)
        cores = max(1, min(processors, group.cores ?? processors))
        let machine = TextFile.read(root + "/proc/meminfo")
        func bytes(_ name: String) -> Int? {
            machine.flatMap { TextFile.value(name, in: $0) }.map { min(max(0, $0), 1 << 50) * 1024 }
        }
        let available = bytes("MemAvailable:")
        availableMemory = [available, group.availableMemory].compactMap(\.self).min()
        let swap = bytes("SwapFree:") ?? 0
        // A group without a limit on swap may also use that of the machine.
        reachableMemory = [available, group.reachableMemory].compactMap { $0.map { $0 + swap } }.min()
    }

    /// Bytes that this process may still map (`ulimit -v`); nil without a limit.
    package static var addressSpaceLeft: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < 1 << 60 else {
            return nil
        }
        let pages = TextFile.read("/proc/self/statm")?.split(separator: " ").first.flatMap { Int($0) } ?? 0
        return max(0, Int(limit.rlim_cur) - pages * Int(sysconf(Int32(_SC_PAGESIZE))))
    }

    /// Whether the processor multiplies bfloat16 faster than float32.
    package static let multipliesBFloat16: Bool = {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return information.contains(" avx512_bf16")
    }()

    /// The memory of this process that is in RAM, in bytes; nil if the system does not report it.
    package static var residentMemory: Int? {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return fields?.dropFirst().first.flatMap { Int($0) }.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// Checks the limit on this process's address space. The libraries and the stacks of their threads need several hundred MB of it,
    /// and some of the libraries crash where they get none.
    ///
    /// - Throws: `InputError` (unavailable).
    package static func requireAddressSpace(_ bytes: UInt64 = 1 << 30) throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < bytes else { return }
        throw InputError(
            "address space", "this process may have \(limit.rlim_cur >> 20) MiB, expected at least \(bytes >> 20) MiB",
            remedy: "Raise the limit (ulimit -v).", exitStatus: .unavailable)
    }
}
