import ArgumentParser
import Foundation
import T2Core

@main
struct T2CoordProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-coord",
        abstract: "Trains experts: hands out rollouts to workers, and turns what comes back into the next z.",
        discussion: """
            Examples:
              t2-coord start --local-workers 2              # the bundled example, with two workers on this machine
              t2-coord start --config experts/tiny/code.yaml --run-dir runs/code
              t2-coord start --resume --run-dir runs/code   # go on after a crash or Ctrl-C

            Exit status: 0 finished or stopped by SIGTERM or Ctrl-C, 64 wrong usage, 65 bad data, 66 missing input,
            69 unavailable, 73 run folder taken, 74 disk, 75 run folder busy, 77 no permission, 78 wrong configuration.
            """,
        subcommands: [StartCommand.self])

    static func main() async {
        do {
            let command = try parseAsRoot()
            if let start = command as? StartCommand {
                try await start.run()
            } else {
                var other = command
                try other.run()
            }
        } catch let error as any UserFacingError {
            FileHandle.standardError.write(Data("error: \(error.description)\n".utf8))
            Foundation.exit(error.exitStatus.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
