import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Version

@main
struct T2WorkerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-worker",
        abstract: "Computes for a t2-coord: samples completions, judges them, and returns gradients.",
        discussion: """
            Any number of workers may join and leave at any time; the units of a worker that vanishes go to others, and the \
            trained expert is the same to the last bit.

            Examples:
              t2-worker join
              t2-worker join tcp://127.0.0.1:5555 --lanes 2
              t2-worker doctor tcp://127.0.0.1:5555   # whether this machine can work, and what to change if it cannot
              t2-worker join node7.invite             # from another machine; the base model comes from the coordinator

            Exit status:
              0        released by the coordinator, or stopped by SIGTERM or Ctrl-C
              64       wrong usage: a flag, an endpoint, a name
              65       bad data: model or tokenizer
              66       a file or folder that is missing
              69       unavailable: no socket, or it was closed under the worker; a check of doctor failed
              70       an internal error of this program
              73       a folder stands where a file should
              74       the disk failed
              77       no permission
              78       refused by the coordinator, for example for a different base model or a revoked key; or another version
              129, 130, 143 stopped by SIGHUP, Ctrl-C or SIGTERM before it joined, or at once by a second one
            """,
        version: ProgramVersion.text(of: "t2-worker"),
        subcommands: [JoinCommand.self, DoctorCommand.self])

    // `exit` would free memory of BLAS that a lane may still use.
    static func main() async {
        OpenFiles.raiseLimit()
        _exit(await runProgram(survivesClosedPipe: false).rawValue)
    }
}
