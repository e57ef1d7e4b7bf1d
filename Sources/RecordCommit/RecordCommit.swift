import Foundation
import PackagePlugin

/// Generates `sourceCommit()`, which T2Version shows with the version, whenever the commit or a source file has changed.
///
/// A build command with git's own files among its inputs: SwiftPM keeps what `Context.gitInformation` gave to Package.swift until
/// that file changes, and runs prebuild commands only when it plans anew, so that both would show commits of earlier builds.
@main
struct RecordCommit: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let script = root.appending(path: "Sources/RecordCommit/record_commit")
        let output = context.pluginWorkDirectoryURL.appending(path: "sourceCommit.swift")
        let sources = context.package.targets.compactMap { $0 as? any SourceModuleTarget }
            .flatMap { $0.sourceFiles.map(\.url) }
        return [
            .buildCommand(
                displayName: "Recording the commit", executable: URL(filePath: "/bin/sh"),
                arguments: [script.path, root.path, output.path],
                inputFiles: [script, root.appending(path: "Package.swift")] + sources + gitFiles(in: root),
                outputFiles: [output])
        ]
    }

    /// The files that git writes when a commit is made or checked out, in a repository or one of its worktrees.
    private func gitFiles(in root: URL) -> [URL] {
        var folder = root.appending(path: ".git")
        if let link = try? String(contentsOf: folder, encoding: .utf8), link.hasPrefix("gitdir: ") {
            folder = URL(filePath: String(link.dropFirst("gitdir: ".count).prefix { $0 != "\n" }), relativeTo: root)
        }
        return ["HEAD", "logs/HEAD", "index"].map { folder.appending(path: $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
    }
}
