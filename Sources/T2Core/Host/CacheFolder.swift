import Foundation

/// The folder for files that can be made again.
package enum CacheFolder {
    /// `$T2_CACHE`, or else `$XDG_CACHE_HOME/t2`, or else `~/.cache/t2`.
    package static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["T2_CACHE"] ?? environment["XDG_CACHE_HOME"].map { $0 + "/t2" }
            ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/t2"
    }
}
