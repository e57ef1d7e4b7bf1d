import Foundation

/// A built program, run as a process to its end.
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
        outputPath: String? = nil
    ) throws {
        let name = UUID().uuidString
        let files = ["in", "out", "err"].map { folder.path + "/\(name).\($0)" }
        try input.write(toFile: files[0], atomically: false, encoding: .utf8)
        for file in files[1...] { try "".write(toFile: file, atomically: false, encoding: .utf8) }
        let process = Process.program(arguments, in: folder, environment: environment)
        process.standardInput = FileHandle(forReadingAtPath: files[0])
        process.standardOutput = FileHandle(forWritingAtPath: outputPath ?? files[1])
        process.standardError = FileHandle(forWritingAtPath: files[2])
        try process.run()
        process.waitUntilExit()
        status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        output = try String(contentsOfFile: files[1], encoding: .utf8)
        errors = try String(contentsOfFile: files[2], encoding: .utf8)
        for file in files { try FileManager.default.removeItem(atPath: file) }
    }
}

extension Process {
    /// t2 with a decomposition cache of the test's own.
    static func program(_ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:])
        -> Process
    {
        let process = Process()
        process.executableURL = builtProducts.appendingPathComponent("t2")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["T2_CACHE": folder.path + "/cache"]) { $1 }.merging(environment) { $1 }
        return process
    }

    /// The folder that holds the test bundle holds the programs too.
    private static let builtProducts: URL = {
        // Whatever started the tests, the bundle itself is mapped into this process.
        let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
        guard let line = maps.split(separator: "\n").first(where: { $0.hasSuffix(".xctest") }),
            let start = line.firstIndex(of: "/")
        else { preconditionFailure("the test bundle is not mapped into the test process") }
        var folder = URL(fileURLWithPath: String(line[start...])).deletingLastPathComponent()
        while folder.path != "/",
            !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("t2").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder
    }()
}

/// A folder that goes away with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "t2-program-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }

    func writeExecutable(_ text: String, to name: String) throws {
        let file = try write(text, to: name)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    }
}
