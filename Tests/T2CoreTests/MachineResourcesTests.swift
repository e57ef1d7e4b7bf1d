import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("The machine's resources")
struct MachineResourcesTests {
    private func resources(_ files: [String: String]) throws -> MachineResources {
        let root = try TemporaryFolder()
        for (path, text) in files { try root.write(text + "\n", to: path) }
        return MachineResources(root: root.path, processors: 16)
    }

    private static let machine = "MemTotal: 9000 kB\nMemAvailable:   5000 kB\nSwapFree: 1000 kB\n"

    @Test("without a control group are those of the system, and swap is reached last")
    func system() throws {
        let found = try resources(["proc/meminfo": Self.machine])
        #expect(found == MachineResources(cores: 16, availableMemory: 5_120_000, reachableMemory: 6_144_000))
        #expect(try resources([:]) == MachineResources(cores: 16, availableMemory: nil))
    }

    @Test("are the least that any enclosing group of version 2 allows")
    func nested() throws {
        let found = try resources([
            "proc/meminfo": Self.machine, "proc/self/cgroup": "0::/system.slice/job.scope",
            "sys/fs/cgroup/system.slice/memory.max": "1000000", "sys/fs/cgroup/system.slice/memory.current": "900000",
            "sys/fs/cgroup/system.slice/memory.stat": "inactive_file 100000\nactive_file 300000",
            "sys/fs/cgroup/system.slice/job.scope/memory.max": "max",
            "sys/fs/cgroup/system.slice/job.scope/memory.current": "900000",
            "sys/fs/cgroup/system.slice/job.scope/cpu.max": "400000 100000",
        ])
        #expect(found.cores == 4 && found.availableMemory == 200_000)
        // Swap of the machine is open to the group, and all of the page cache gives way.
        #expect(found.reachableMemory == 500_000 + 1_024_000)
    }

    @Test("follow a group of version 1, whose limit is a number near 2⁶³ for none")
    func version1() throws {
        func files(limit: String) -> [String: String] {
            [
                "proc/meminfo": Self.machine, "proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/",
                "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": limit,
                "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "700000",
                "sys/fs/cgroup/memory/a/b/memory.stat": "cache 1\ntotal_inactive_file 50000\ntotal_active_file 50000",
                "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
            ]
        }
        let limited = try resources(files(limit: "1000000"))
        #expect(limited.cores == 16 && limited.availableMemory == 350_000)
        #expect(try resources(files(limit: "9223372036854771712")).availableMemory == 5_120_000)
    }

    @Test("survive files that hold nonsense", arguments: ["", "-5", "99999999999999999999999", "max max", "\u{0}"])
    func nonsense(text: String) throws {
        let found = try resources([
            "proc/meminfo": "MemAvailable: \(text) kB", "proc/self/cgroup": "::\(text)\n0::/../..//\(text)",
            "sys/fs/cgroup/memory.max": text, "sys/fs/cgroup/memory.current": text, "sys/fs/cgroup/memory.stat": text,
            "sys/fs/cgroup/cpu.max": text + " 0",
        ])
        #expect(found.cores == 16 && found.availableMemory ?? 0 >= 0)
    }
}
