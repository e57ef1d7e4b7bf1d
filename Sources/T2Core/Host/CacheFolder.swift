import Foundation

/// The folder of files that can be computed or fetched again: `$T2_CACHE`, or else `$XDG_CACHE_HOME/t2`, or else `~/.cache/t2`.
package enum CacheFolder {
    package static var path: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["T2_CACHE"] ?? environment["XDG_CACHE_HOME"].map { $0 + "/t2" }
            ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/t2"
    }

    /// Bytes that this user may still write to a folder, which need not exist yet; nil if nothing can be written there.
    package static func freeBytes(_ folder: String = path) -> Int? {
        var existing = folder
        while !FileManager.default.fileExists(atPath: existing), existing != "/", existing != "." {
            existing = parentFolder(of: existing)
        }
        var status = statvfs()
        guard isFolder(existing), access(existing, W_OK) == 0, statvfs(existing, &status) == 0 else { return nil }
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return free.overflow ? .max : Int(clamping: free.partialValue)
    }
}
