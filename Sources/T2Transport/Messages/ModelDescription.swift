import T2Core

/// The base model of a coordinator's jobs, and the files that a worker may ask for.
package struct ModelDescription: Sendable, Equatable, Codable {
    /// A file of the model's folder.
    package struct File: Sendable, Equatable, Codable {
        /// Letters, digits, dots, dashes and underscores, without a dot at the start: it names no other folder.
        package var name: String
        package var size: Int
        /// The SHA-256 of its content.
        package var digest: Digest

        package init(name: String, size: Int, digest: Digest) {
            self.name = name
            self.size = size
            self.digest = digest
        }
    }

    /// A decomposition in the coordinator's cache, which holds a digest of itself.
    package struct Decomposition: Sendable, Equatable, Codable {
        /// The key in the cache: it follows from the weight's values.
        package var key: Digest
        package var size: Int

        package init(key: Digest, size: Int) {
            self.key = key
            self.size = size
        }
    }

    package struct Files: Sendable, Equatable, Codable {
        package var model: [File]
        package var decompositions: [Decomposition]

        package init(model: [File], decompositions: [Decomposition] = []) {
            self.model = model
            self.decompositions = decompositions
        }
    }

    package var digest: Digest
    package var tokenizerDigest: Digest
    /// The absolute path of its folder at the coordinator, which other machines may share.
    package var path: String
    /// The coordinator's clock when it sent this, in seconds since 1970.
    package var time: Double
    /// Nil while the coordinator reads them; it then sends the description again.
    package var files: Files?

    package init(digest: Digest, tokenizerDigest: Digest, path: String, time: Double, files: Files? = nil) {
        self.digest = digest
        self.tokenizerDigest = tokenizerDigest
        self.path = path
        self.time = time
        self.files = files
    }
}
