import Foundation
import Synchronization
import T2Core
import T2Formats
import T2Jobs
import T2Transport

/// The files of a base model, and of its decompositions in the cache, that a coordinator hands to workers.
///
/// They are read in full at the first request, since their digests are needed; this takes seconds for a large model.
package final class ModelFiles: Sendable {
    /// The keys of the decompositions that the runs need, with their paths in the cache, where they may be absent.
    package typealias Decompositions = @Sendable () throws -> [(key: Digest, path: String)]

    private struct Content: Sendable {
        var model: [ModelDescription.File] = []
        var decompositions: [(key: Digest, path: String)] = []
        /// The paths by the digests of files and the keys of decompositions, and the sizes of the model's files.
        var paths: [Digest: (path: String, size: Int?)] = [:]
    }

    private let model: JobModel
    private let folder: String
    private let decompositions: Decompositions
    private let content = Mutex<Content?>(nil)

    package init(_ model: JobModel, decompositions: @escaping Decompositions = { [] }) {
        self.model = model
        self.decompositions = decompositions
        folder =
            model.path.hasPrefix("/") ? model.path : FileManager.default.currentDirectoryPath + "/" + model.path
    }

    /// Whether the files have been read.
    var isRead: Bool { content.withLock { $0 != nil } }

    /// Reads all files of the model.
    ///
    /// - Throws: `SystemError` or `InputError` for a file that cannot be read, `ProtocolError` for one that cannot be handed out.
    func read() throws {
        var content = Content()
        for name in try BaseModelFolder.fileNames(path: folder) {
            let file = try MappedFile(path: "\(folder)/\(name)")
            let entry = ModelDescription.File(name: name, size: file.count, digest: file.digest)
            content.model.append(entry)
            content.paths[entry.digest] = (file.path, file.count)
        }
        // Workers can do without them.
        content.decompositions = (try? decompositions()) ?? []
        for (key, path) in content.decompositions { content.paths[key] = (path, nil) }
        // What cannot be sent is said to every worker that asks.
        _ = try MessageCodec().encode(.model(description(of: content)))
        self.content.withLock { $0 = content }
    }

    /// What a worker is told, with those decompositions that the cache has by now.
    func description() -> ModelDescription { description(of: content.withLock(\.self)) }

    private func description(of content: Content?) -> ModelDescription {
        let files = content.map { content in
            ModelDescription.Files(
                model: content.model,
                decompositions: content.decompositions.compactMap { key, path in
                    Self.size(path).map { ModelDescription.Decomposition(key: key, size: $0) }
                })
        }
        return ModelDescription(
            digest: model.digest, tokenizerDigest: model.tokenizerDigest, path: folder,
            time: Date().timeIntervalSince1970, files: files)
    }

    /// The answer to a request, without a receipt: the bytes, or why there are none.
    func chunk(_ request: GetChunk) -> Chunk {
        func refuse(_ problem: String) -> Chunk {
            Chunk(file: request.file, offset: request.offset, problem: problem)
        }
        guard let known = content.withLock({ $0?.paths[request.file] }) else {
            return refuse("\(request.file.short) is no file of the base model")
        }
        let descriptor = OpenFiles.open(known.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return refuse(SystemError("open", known.path).description) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return refuse(SystemError("inspect", known.path).description) }
        let size = Int(status.st_size)
        guard known.size.map({ $0 == size }) ?? true else {
            return refuse("\(known.path) has changed since the coordinator's start. Start it again.")
        }
        let count = min(MessageLimits.chunkBytes, size - request.offset)
        guard count > 0 else {
            return refuse("\(known.path) has \(size) bytes, and was asked for at \(request.offset)")
        }
        var bytes = Data(count: count)
        var filled = 0
        while filled < count {
            let read = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + filled, count - filled, off_t(request.offset + filled))
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else {
                return refuse(SystemError("read", known.path, code: read == 0 ? EIO : errno).description)
            }
            filled += read
        }
        return Chunk(file: request.file, offset: request.offset, bytes: bytes)
    }

    private static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return nil }
        return Int(status.st_size)
    }
}
