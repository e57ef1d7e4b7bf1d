import Foundation
import T2Core
import T2Formats
import T2TestSupport

/// Coordinators whose model no other program sees: as on another machine, a worker has to fetch it.
extension Cluster {
    /// Starts a coordinator whose model is a folder that it alone has open: `/proc/self/fd/9` is another one, or none, in every
    /// other process.
    ///
    /// - Parameter arguments: those of a run of this model, among them its path.
    static func coordinator(
        hiding model: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let hidden = arguments.map { $0 == model ? "/proc/self/fd/9" : $0 }
        return try RunningProgram(
            "/bin/sh", ["-c", #"exec 9<"$0"; exec "$@""#, model, Process.programFolder + "/t2-coord"] + hidden,
            environment: environment)
    }

    /// A worker that has nothing but the endpoint or an invitation, and a cache.
    static func worker(_ endpoint: String, cache: String, _ extra: [String] = []) throws -> RunningProgram {
        try RunningProgram(
            "t2-worker", ["join", endpoint, "--lanes", "1"] + extra, environment: ["T2_CACHE": cache])
    }

    /// The arguments of a run of the bundled model, as of `coordinator(task:steps:bind:resume:extra:)`.
    ///
    /// - Parameter rate: megabytes a second of all fetches.
    func bundledArguments(steps: Int = 3, rate: Int) -> [String] {
        [
            "start", "--run-dir", runFolder, "--bind", "tcp://127.0.0.1:0", "--model", Self.model, "--task", "gsm-mini",
            "--steps=\(steps)", "--seed", "11", "--data", BaseModelFolder.defaultData(model: Self.model),
            "--model-rate=\(rate)",
        ] + Self.settings.flatMap { ["--set", $0] }
    }

    /// The folder of a model in a cache.
    static func cached(_ model: String, in cache: String) throws -> String {
        let folder = try BaseModelFolder(path: model)
        return "\(cache)/models/\(folder.digest)-\(folder.tokenizerDigest.short)"
    }
}

extension RunningProgram {
    /// The number after `key=` in the first line with a text.
    func number(_ key: String, inLineContaining text: String) -> Int? {
        lines.first { $0.contains(text) }?.split(separator: " ")
            .first { $0.hasPrefix("\(key)=") }
            .flatMap { Int($0.dropFirst(key.count + 1)) }
    }
}
