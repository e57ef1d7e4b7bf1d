import Foundation
import T2TestSupport

/// The git checkout of the repository.
enum Checkout {
    /// Whether the repository is a git checkout of its own, rather than an unpacked source archive.
    static var isAvailable: Bool {
        get throws { try git(["rev-parse", "--show-prefix"]) == "\n" }
    }

    /// - Returns: what git prints, or nil if it fails.
    static func git(_ arguments: [String]) throws -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", Repository.path] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        return process.waitForStatus() == 0 ? String(decoding: data, as: UTF8.self) : nil
    }
}
