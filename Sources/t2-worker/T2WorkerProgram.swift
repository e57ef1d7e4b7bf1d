import ArgumentParser
import Foundation
import T2Core

@main
struct T2WorkerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-worker",
        abstract: "Computes for a t2-coord: samples completions, judges them, and returns gradients.",
        discussion: """
            Any number of workers may join and leave at any time; what one holds when it vanishes goes to others, and the \
            trained expert is the same to the last bit.

            Examples:
              t2-worker join
              t2-worker join tcp://127.0.0.1:5555 --model experts/tiny/base --lanes 2

            Exit status: 0 sent home or stopped by SIGTERM or Ctrl-C, 64 wrong usage, 65 bad data, 66 missing input, \
            69 unavailable, 78 refused by the coordinator.
            """,
        subcommands: [JoinCommand.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            guard let join = command as? JoinCommand else { return try command.run() }
            try await join.run()
            end(.success)
        } catch let error as any UserFacingError {
            FileHandle.standardError.write(Data("error: \(error.description)\n".utf8))
            end(error.exitStatus)
        } catch {
            exit(withError: error)
        }
    }

    /// A lane may still be inside BLAS, whose memory `exit` would take away under it.
    private static func end(_ status: ExitStatus) -> Never { _exit(status.rawValue) }
}
