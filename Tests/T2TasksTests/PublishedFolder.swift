import Foundation

/// Published data sets, too large and too much others' to keep here: the folder `data` of `T2_SHARED`, or of `shared`
/// beside the checkout.
enum PublishedFolder {
    static let path: String = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let shared =
            ProcessInfo.processInfo.environment["T2_SHARED"].map { URL(filePath: $0) }
            ?? checkout.appending(path: "../shared")
        return shared.appending(path: "data").standardized.path
    }()

    static let exists = FileManager.default.fileExists(atPath: path)
}
