import Foundation

/// The published data sets, which are not part of the repository: the folder `data` of `T2_SHARED`, or of `shared` beside
/// the checkout.
package enum PublishedFolder {
    package static let path: String = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let shared =
            ProcessInfo.processInfo.environment["T2_SHARED"].map { URL(filePath: $0) }
            ?? checkout.appending(path: "../shared")
        return shared.appending(path: "data").standardized.path
    }()

    package static let exists = FileManager.default.fileExists(atPath: path)

    package static func path(_ file: String) -> String { "\(path)/\(file)" }

    /// True if all these files of the folder exist.
    package static func holds(_ files: String...) -> Bool {
        files.allSatisfy { FileManager.default.fileExists(atPath: path($0)) }
    }
}
