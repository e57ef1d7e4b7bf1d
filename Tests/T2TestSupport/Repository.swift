import Foundation

/// The repository that holds these tests.
package enum Repository {
    package static let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        .path
}
