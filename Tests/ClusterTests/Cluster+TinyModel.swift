import Foundation
import T2Core
import T2Formats
import T2TestSupport

/// Runs of a model of random weights, over in a moment, and what they leave behind.
extension Cluster {
    /// One update of 4 prompts in 2 units; every reward counts, so that z changes.
    ///
    /// - Parameter openFiles: the process's limit on open files.
    func coordinator(
        _ model: TinyModel, prompts: [String] = ["Add", "Bad"], openFiles: Int? = nil, extra: [String] = []
    ) throws -> RunningProgram {
        let arguments = try arguments(model, prompts: prompts, runFolder: runFolder) + extra
        guard let openFiles else { return try RunningProgram("t2-coord", arguments) }
        return try RunningProgram(
            "/bin/sh",
            ["-c", "ulimit -n \(openFiles); exec \"$0\" \"$@\"", Process.programFolder + "/t2-coord"] + arguments)
    }

    /// The arguments of such a run, whose problems are written.
    func arguments(_ model: TinyModel, prompts: [String] = ["Add", "Bad"], runFolder: String) throws -> [String] {
        try writeProblems(prompts)
        let settings = [
            "prompts-per-step=4", "prompts-per-unit=2", "max-tokens=8", "validation-problems=2", "advantage=none",
        ]
        return [
            "start", "--run-dir=" + runFolder, "--bind", "tcp://127.0.0.1:0", "--task", "gsm-mini", "--steps", "1",
            "--model", model.path, "--data", folder + "/data",
        ] + settings.flatMap { ["--set", $0] }
    }

    /// Problems `train-0`, `train-1`, …, and as many of the other splits; each letter of a prompt is a token of `TinyModel`.
    func writeProblems(_ prompts: [String]) throws {
        let data = folder + "/data/gsm-mini"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        for split in ["train", "valid", "test"] {
            let lines = prompts.enumerated().map {
                #"{"id": "\#(split)-\#($0)", "topic": "t", "prompt": "\#($1)", "answer": "1"}"# + "\n"
            }
            try AtomicFile.write(lines.joined(), to: "\(data)/\(split).jsonl")
        }
    }

    /// Every file below a folder with its content's digest.
    static func contents(of folder: String) throws -> [String: Digest] {
        var contents: [String: Digest] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var isFolder: ObjCBool = false
            let path = folder + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            contents[name] = try MappedFile(path: path).withBytes { Digest(of: $0) }
        }
        return contents
    }
}
