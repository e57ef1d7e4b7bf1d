import Foundation
import T2TestSupport

/// t2, run as a process to its end.
struct ProgramRun {
    let status: Int32
    let output: String
    let errors: String

    /// The lines of the output as JSON objects.
    func objects() throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                throw CocoaError(.propertyListReadCorrupt)
            }
            return object
        }
    }

    /// - Parameter output: a file instead of the captured output, such as `/dev/full`.
    init(
        _ arguments: [String], input: String = "", in folder: TemporaryFolder, environment: [String: String] = [:],
        outputPath: String? = nil, program: String = "t2"
    ) throws {
        let name = UUID().uuidString
        let files = ["in", "out", "err"].map { folder.path + "/\(name).\($0)" }
        try input.write(toFile: files[0], atomically: false, encoding: .utf8)
        for file in files[1...] { try "".write(toFile: file, atomically: false, encoding: .utf8) }
        let process = Process(arguments, of: program, in: folder, environment: environment)
        process.standardInput = FileHandle(forReadingAtPath: files[0])
        process.standardOutput = FileHandle(forWritingAtPath: outputPath ?? files[1])
        process.standardError = FileHandle(forWritingAtPath: files[2])
        try process.run()
        status = process.waitForStatus()
        output = try String(contentsOfFile: files[1], encoding: .utf8)
        errors = try String(contentsOfFile: files[2], encoding: .utf8)
        for file in files { try FileManager.default.removeItem(atPath: file) }
    }
}

extension Process {
    /// t2 with a decomposition cache of the test's own.
    convenience init(t2 arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]) {
        self.init(arguments, of: "t2", in: folder, environment: environment)
    }

    /// A program with a decomposition cache of the test's own.
    convenience init(
        _ arguments: [String], of program: String, in folder: TemporaryFolder, environment: [String: String] = [:]
    ) {
        let cache = ["T2_CACHE": folder.path + "/cache"]
        self.init(program: program, arguments, environment: cache.merging(environment) { $1 })
    }
}
