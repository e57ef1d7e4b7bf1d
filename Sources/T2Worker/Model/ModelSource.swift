import Foundation
import T2Core
import T2Formats
import T2Numerics
import T2Transport

/// Finds the base model that a coordinator wants: in the coordinator's own folder if this machine sees it, in this user's
/// cache, or else at the coordinator, from which it is fetched into the cache.
///
/// The cache has a folder `models` with, for each model,
/// - NAME, which appears once every file is there and right;
/// - NAME.partial, what has been fetched so far, where the next start goes on;
/// - NAME.lock, which a worker holds while it fetches.
package struct ModelSource {
    /// Opens a connection; the source closes it.
    package typealias Connect = () throws -> any WorkerTransport

    private let connect: Connect
    private let cache: String
    private let log: WorkerLog
    /// The time before a lost connection is opened again.
    private static let pause: Duration = .seconds(1)

    package init(cache: String = CacheFolder.path, log: WorkerLog, connect: @escaping Connect) {
        self.cache = cache
        self.log = log
        self.connect = connect
    }

    /// The coordinator's model. Lost connections are waited out.
    ///
    /// - Throws: `InputError` if the coordinator refuses or what it sends is wrong, `ProtocolError` if it breaks the rules,
    ///   `SystemError` if the cache cannot be written.
    package func find() async throws -> BaseModelFolder {
        while true {
            // Looking for a large model may take longer than a coordinator keeps a connection that does not join.
            var searched: ModelDescription?
            let folder = try await inSession { session in
                var wanted = try await session.describe(withFiles: false)
                (wanted.time, wanted.files) = (0, nil)
                if searched != wanted, let here = Self.present(wanted, cache: cache) { return here }
                searched = wanted
                return try await fetch(Place(cache, wanted), session)
            }
            if try await inSession({ try await fetchDecompositions(of: folder, $0) }) { return folder }
        }
    }

    /// Calls `body` with a session, and again with another one after a lost connection, or once another worker has fetched.
    private func inSession<Value>(_ body: (CoordinatorSession) async throws -> Value) async throws -> Value {
        while true {
            let transport = try connect()
            do {
                let value = try await body(CoordinatorSession(transport, log: log))
                await transport.close()
                return value
            } catch is CoordinatorSession.Lost {
                await transport.close()
                try await Task.sleep(for: Self.pause)
            } catch let busy as FetchLock.Busy {
                await transport.close()
                log.write(
                    .info, "another worker on this machine fetches the base model; waiting for it",
                    ["lock": "\(busy.path)"])
                try await busy.wait()
            } catch {
                await transport.close()
                throw error
            }
        }
    }

    /// The model in the coordinator's folder or in the cache; nil if this machine has it in neither.
    package static func present(_ wanted: ModelDescription, cache: String = CacheFolder.path) -> BaseModelFolder? {
        present(wanted.path, wanted) ?? present(Place(cache, wanted).final, wanted)
    }

    /// The model in a folder; nil if it is absent, damaged or another one.
    private static func present(_ path: String, _ wanted: ModelDescription) -> BaseModelFolder? {
        guard let folder = try? BaseModelFolder(path: path), folder.digest == wanted.digest,
            folder.tokenizerDigest == wanted.tokenizerDigest
        else { return nil }
        return folder
    }
}

/// The paths of one model in a cache.
private struct Place {
    let final: String
    let partial: String
    let lock: String

    init(_ cache: String, _ model: ModelDescription) {
        // The tokenizer is no part of the model's digest.
        final = "\(cache)/models/\(model.digest)-\(model.tokenizerDigest.short)"
        partial = final + ".partial"
        lock = final + ".lock"
    }

    /// - Throws: `SystemError` if the folder cannot be made; `FetchLock.Busy`.
    func locked() throws -> FetchLock {
        try Self.create(parentFolder(of: lock))
        return try FetchLock(lock)
    }

    static func create(_ folder: String) throws {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw SystemError("create", folder, code: EACCES)
        }
    }
}

// MARK: - Fetching

extension ModelSource {
    private func fetch(_ place: Place, _ session: CoordinatorSession) async throws -> BaseModelFolder {
        let lock = try place.locked()
        defer { withExtendedLifetime(lock) {} }
        let wanted = try await session.describe(withFiles: true)
        // Another worker may have fetched it in the meantime.
        if let folder = Self.present(place.final, wanted) { return folder }
        // What is there is damaged, and would be read again after each lost connection.
        try? FileManager.default.removeItem(atPath: place.final)
        let files = wanted.files?.model ?? []
        try Place.create(place.partial)
        let names = Set(files.map(\.name))
        for name in try FileManager.default.contentsOfDirectory(atPath: place.partial) where !names.contains(name) {
            try FileManager.default.removeItem(atPath: "\(place.partial)/\(name)")
        }
        let sizes = files.map { min($0.size, PartialFile.size("\(place.partial)/\($0.name)") ?? 0) }
        let (total, kept) = (files.reduce(0) { $0 + $1.size }, sizes.reduce(0, +))
        try requireRoom(total - kept, in: place.partial)
        log.write(
            .info, "fetching the base model from the coordinator",
            ["to": "\(place.final)", "bytes": "\(total)", "here": "\(kept)"])
        let progress = FetchProgress("base model", total: total - kept, log)
        defer { progress.finish() }
        var (unchecked, before) = (files, sizes)
        while !unchecked.isEmpty {
            for file in unchecked { try await fetch(file, in: place.partial, session, progress) }
            unchecked = try zip(unchecked, before).filter { try !isSound($0, in: place.partial, kept: $1) }.map(\.0)
            before = unchecked.map { _ in 0 }
        }
        let folder = try checked(place.partial, wanted, names)
        guard rename(place.partial, place.final) == 0 else {
            throw SystemError("rename to its final name", place.final)
        }
        try AtomicFile.flushFolder(of: place.final)
        log.write(.info, "base model fetched", ["model": "\(place.final)", "bytes": "\(progress.fetched)"])
        return folder.renamed(to: place.final)
    }

    /// Fetches what is missing of a file.
    private func fetch(
        _ file: ModelDescription.File, in folder: String, _ session: CoordinatorSession, _ progress: FetchProgress
    ) async throws {
        let partial = try PartialFile("\(folder)/\(file.name)", limit: file.size)
        try await session.fetch(file.digest, from: partial.size, size: file.size) { bytes in
            try partial.append(bytes)
            progress.add(bytes.count)
        }
        try partial.flush()
    }

    /// Checks a whole file. One of which a part was here before is emptied if it is wrong, to be fetched again.
    ///
    /// - Parameter kept: the bytes that were here before.
    /// - Throws: `InputError` if all of it came just now and is wrong.
    private func isSound(_ file: ModelDescription.File, in folder: String, kept: Int) throws -> Bool {
        let path = "\(folder)/\(file.name)"
        let found = try MappedFile(path: path).digest
        if found == file.digest { return true }
        try PartialFile(path, limit: file.size).empty()
        guard kept > 0 else {
            throw InputError(
                path, "has digest \(found.short), the coordinator named \(file.digest.short)",
                remedy: "Check the model's folder at the coordinator, whose files may have changed, and start it again."
            )
        }
        log.write(.warning, "what was here of a file is damaged; fetching it again", ["file": "\(path)"])
        return false
    }

    /// Opens the fetched model.
    ///
    /// - Throws: `InputError` if it is another one than was wanted, or refers to files that were not fetched.
    private func checked(_ path: String, _ wanted: ModelDescription, _ names: Set<String>) throws -> BaseModelFolder {
        func wrong(_ problem: String) -> InputError {
            try? FileManager.default.removeItem(atPath: path)
            return InputError(
                "the coordinator's base model", problem,
                remedy:
                    "Check its folder at the coordinator, \(printable(wanted.path)), and start the coordinator again.")
        }
        guard names.isSuperset(of: (try? BaseModelFolder.fileNames(path: path)) ?? []) else {
            throw wrong("refers to files that the coordinator did not hand out")
        }
        let folder: BaseModelFolder
        do { folder = try BaseModelFolder(path: path) } catch { throw wrong("cannot be used: \(error)") }
        guard folder.digest == wanted.digest, folder.tokenizerDigest == wanted.tokenizerDigest else {
            throw wrong(
                "has digests \(folder.digest.short) and, of the tokenizer, \(folder.tokenizerDigest.short); expected "
                    + "\(wanted.digest.short) and \(wanted.tokenizerDigest.short)")
        }
        return folder
    }

    /// Fetches the decompositions that the cache lacks. Those that cannot be fetched are computed when they are needed, and so
    /// are damaged or wrong ones, which the cache notices.
    ///
    /// - Returns: false if the coordinator wants another model by now.
    private func fetchDecompositions(of model: BaseModelFolder, _ session: CoordinatorSession) async throws -> Bool {
        let store = SingularValueCache(folder: cache + "/decompositions")
        let wanted = try await session.describe(withFiles: true)
        guard model.digest == wanted.digest, model.tokenizerDigest == wanted.tokenizerDigest else { return false }
        let offered = wanted.files?.decompositions ?? []
        func missing() -> [ModelDescription.Decomposition] {
            offered.filter { file in
                [store.path(file.key), store.fetchedPath(file.key)].allSatisfy { PartialFile.size($0) == nil }
            }
        }
        guard !missing().isEmpty else { return true }
        let lock = try Place(cache, wanted).locked()
        defer { withExtendedLifetime(lock) {} }
        // Another worker may have fetched some in the meantime.
        let files = missing()
        guard !files.isEmpty else { return true }
        let total = files.reduce(0) { $0 + $1.size }
        do {
            try Place.create(store.folder)
            try requireRoom(total, in: store.folder)
            log.write(
                .info, "fetching decompositions from the coordinator",
                ["to": "\(store.folder)", "count": "\(files.count)", "bytes": "\(total)"])
            let progress = FetchProgress("decompositions", total: total, log)
            defer { progress.finish() }
            for file in files {
                let partial = try PartialFile(store.fetchedPath(file.key) + ".partial", limit: file.size)
                progress.add(partial.size)
                try await session.fetch(file.key, from: partial.size, size: file.size) { bytes in
                    try partial.append(bytes)
                    progress.add(bytes.count)
                }
                try partial.flush()
                guard rename(partial.path, store.fetchedPath(file.key)) == 0 else {
                    throw SystemError("rename to its final name", store.fetchedPath(file.key))
                }
            }
        } catch let lost as CoordinatorSession.Lost {
            throw lost
        } catch {
            log.write(
                .warning, "decompositions cannot be fetched, so this worker computes them", ["problem": "\(error)"])
        }
        return true
    }

    private func requireRoom(_ bytes: Int, in folder: String) throws {
        guard let free = CacheFolder.freeBytes(folder), free < bytes else { return }
        throw InputError(
            folder, "needs \(bytes) bytes for the coordinator's base model, and its disk has \(free) left",
            remedy: "Free some disk space, or name a folder on another disk in T2_CACHE.", exitStatus: .inputOutput)
    }
}

/// Reports how much of what is to be fetched is here: a bar on a terminal, otherwise lines of the log.
private final class FetchProgress {
    private(set) var fetched = 0
    private let total: Int
    private let reporter: ProgressReporter

    init(_ title: String, total: Int, _ log: WorkerLog) {
        self.total = total
        reporter =
            StandardError.isTerminal
            ? ProgressReporter("fetching: \(title)")
            : ProgressReporter { done, left in
                log.write(
                    .info, "fetching", ["what": "\(title)", "done": "\(done)", "left": "\(left?.text ?? "unknown")"])
            }
    }

    func add(_ bytes: Int) {
        fetched += bytes
        let (done, all) = (fetched.formatted(.byteCount(style: .decimal)), total.formatted(.byteCount(style: .decimal)))
        reporter.report(fraction: min(1, Double(fetched) / Double(max(1, total))), note: "\(done) of \(all)")
    }

    func finish() { reporter.finish() }
}
