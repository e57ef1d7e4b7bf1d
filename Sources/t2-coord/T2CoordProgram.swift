import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Version

@main
struct T2CoordProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-coord",
        abstract: "Trains experts, searches mixtures of them and evaluates them, with the workers that join.",
        discussion: """
            Examples:
              t2-coord start --local-workers 2              # the bundled example
              t2-coord start --config experts/tiny/code.yaml --run-dir runs/code
              t2-coord start --resume --run-dir runs/code   # continue after a crash or Ctrl-C
              t2-coord status --watch                       # what the running coordinator does; why, drain, pause, resume, stop
              t2-coord adapt --model experts/tiny/base --experts experts/tiny --task math-mini \\
                --output mixed.safetensors --local-workers 2
              t2-coord rollouts --run-dir runs/code --outcome wrong   # what was answered, and how it was judged
              t2-coord eval --model experts/tiny/base --expert experts/tiny/math.safetensors --task gsm-mini \\
                --local-workers 2
              t2-coord invite node7 > node7.invite          # lets a worker join from another machine

            Exit status:
              0        finished, or stopped by SIGTERM or Ctrl-C and ready for --resume
              64       wrong usage: a flag, an endpoint, an unknown task
              65       bad data: model, tokenizer, problems, numbers that are not finite
              66       a file or folder that is missing
              69       unavailable: the port, the sandbox, or workers that keep failing
              70       an internal error of this program
              73       the run folder holds a run already or cannot be created
              74       the disk failed or is full
              75       try again: another t2-coord uses the run folder, or rewards are missing
              77       no permission
              78       invalid configuration, or one that differs from the run to resume
              129, 130, 143 stopped by SIGHUP, Ctrl-C or SIGTERM before the run began, or at once by a second one; --resume continues
            """,
        version: ProgramVersion.text(of: "t2-coord"),
        subcommands: [
            StartCommand.self, AdaptCommand<ClusterHostOptions>.self, EvaluateCommand<ClusterHostOptions>.self,
            ReportCommand<ClusterHostOptions>.self, StatusCommand.self, WhyCommand.self, DrainCommand.self,
            PauseCommand.self, ResumeCommand.self, StopCommand.self, RolloutsCommand.self, ExportCommand.self,
            InviteCommand.self, KeysCommand.self,
        ])

    static func main() async {
        OpenFiles.raiseLimit()
        Foundation.exit(await runProgram().rawValue)
    }
}
