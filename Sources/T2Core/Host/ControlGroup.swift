import Foundation

/// The limits of the control groups that this process is in, and of the groups that contain them. Version 2 has one hierarchy of groups;
/// version 1 has one for each resource.
struct ControlGroup {
    /// The processors that the quotas allow; nil without a quota.
    let cores: Int?
    /// Bytes that can still be allocated while the recently used page cache stays; nil without a limit.
    let availableMemory: Int?
    /// Bytes that can still be allocated at all, since the kernel reclaims all of the page cache on demand; nil without a limit.
    let reachableMemory: Int?

    /// - Parameter root: the folder that holds `proc` and `sys`.
    init(root: String) {
        let version1 = Folders(root, controller: "memory")
        let version2 = Folders(root, controller: nil)
        let memory =
            version2.all.compactMap { Self.memory($0, "memory.max", "memory.current", cache: "") }
            + version1.all.compactMap {
                Self.memory($0, "memory.limit_in_bytes", "memory.usage_in_bytes", cache: "total_")
            }
        availableMemory = memory.map(\.available).min()
        reachableMemory = memory.map(\.reachable).min()
        let quotas =
            version2.all.compactMap { TextFile.read($0 + "/cpu.max") }
            + Folders(root, controller: "cpu").all.compactMap { folder in
                TextFile.read(folder + "/cpu.cfs_quota_us").flatMap { quota in
                    TextFile.read(folder + "/cpu.cfs_period_us").map { quota + " " + $0 }
                }
            }
        cores = quotas.compactMap(Self.quota).min()
    }

    /// The folders of a process's group and of those that contain it. In a container only the outermost of them may be visible.
    private struct Folders {
        let all: [String]

        /// - Parameter controller: of version 1; nil for version 2.
        init(_ root: String, controller: String?) {
            var path = ""
            for line in TextFile.read(root + "/proc/self/cgroup")?.split(separator: "\n") ?? [] {
                // 4:memory:/job or, of version 2, 0::/job
                let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 3 else { continue }
                let controllers = parts[1].split(separator: ",").map(String.init)
                if controller.map(controllers.contains) ?? controllers.isEmpty { path = parts[2] }
            }
            var folder = root + "/sys/fs/cgroup" + (controller.map { "/" + $0 } ?? "")
            var all = [folder]
            for name in path.split(separator: "/") {
                folder += "/" + name
                all.append(folder)
            }
            self.all = all
        }
    }

    private static func memory(
        _ folder: String, _ limitFile: String, _ usedFile: String, cache prefix: String
    ) -> (available: Int, reachable: Int)? {
        // Version 1 writes a limit of nearly 2⁶³ for none.
        guard let limit = TextFile.read("\(folder)/\(limitFile)").flatMap({ Int($0) }), limit < 1 << 60,
            let used = TextFile.read("\(folder)/\(usedFile)").flatMap({ Int($0) })
        else { return nil }
        let statistics = TextFile.read(folder + "/memory.stat")
        func cache(_ kind: String) -> Int {
            // Cached pages count as used.
            statistics.flatMap { TextFile.value("\(prefix)\(kind)_file", in: $0) }.map { max(0, min($0, used)) } ?? 0
        }
        let left = max(0, limit) - max(0, used)
        return (max(0, left + cache("inactive")), max(0, left + min(used, cache("inactive") + cache("active"))))
    }

    /// The processors that a quota allows: `cpu.max` holds the microseconds per period, or `max`, and the period.
    private static func quota(_ text: String) -> Int? {
        let parts = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
        return Int(exactly: min(parts[0] / parts[1], 1e6).rounded())
    }
}

/// The small text files in which the kernel describes itself.
enum TextFile {
    /// The content without white space around it; nil if it cannot be read.
    static func read(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The number that follows a name at the start of a line.
    static func value(_ name: String, in text: String) -> Int? {
        let fields = text.split(separator: "\n").lazy.map { $0.split(separator: " ") }
        return fields.first { $0.first == Substring(name) }?.dropFirst().first.flatMap { Int($0) }
    }
}
