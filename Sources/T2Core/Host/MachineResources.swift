import Foundation

/// The processors and memory that the system and the control group allow this process.
package struct MachineResources: Sendable, Equatable {
    /// The number of processors, or the control group's quota if that is smaller; at least 1.
    package let cores: Int
    /// Bytes that can still be allocated; nil if the system does not report them.
    package let availableMemory: Int?

    package init(cores: Int, availableMemory: Int?) {
        self.cores = cores
        self.availableMemory = availableMemory
    }

    /// - Parameter root: the folder that holds `proc` and `sys`.
    package init(root: String = "", processors: Int = ProcessInfo.processInfo.activeProcessorCount) {
        func read(_ path: String) -> String? {
            (try? String(contentsOfFile: root + path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let quota = read("/sys/fs/cgroup/cpu.max").flatMap(Self.quota)
        cores = max(1, min(processors, quota ?? processors))
        let machine = read("/proc/meminfo").flatMap { Self.value("MemAvailable:", in: $0) }.map { $0 * 1024 }
        var group: Int?
        if let limit = read("/sys/fs/cgroup/memory.max").flatMap({ Int($0) }),
            let used = read("/sys/fs/cgroup/memory.current").flatMap({ Int($0) })
        {
            // The inactive page cache counts as used, but the kernel reclaims it on demand.
            let cache = read("/sys/fs/cgroup/memory.stat").flatMap { Self.value("inactive_file", in: $0) } ?? 0
            group = max(0, limit - used + min(used, cache))
        }
        availableMemory = [machine, group].compactMap(\.self).min()
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

    /// The processors that `cpu.max` allows: it holds the microseconds per period, or `max`, and the period.
    private static func quota(_ text: String) -> Int? {
        let parts = text.split(separator: " ").compactMap { Double($0) }
        guard parts.count == 2, parts[1] > 0 else { return nil }
        return Int((parts[0] / parts[1]).rounded())
    }

    /// The number that follows a name at the start of a line.
    private static func value(_ name: String, in text: String) -> Int? {
        let fields = text.split(separator: "\n").lazy.map { $0.split(separator: " ") }
        return fields.first { $0.first == Substring(name) }?.dropFirst().first.flatMap { Int($0) }
    }
}
