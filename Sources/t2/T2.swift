import ArgumentParser
import Foundation
import T2CommandLine
import T2Numerics
import T2Version

@main
struct T2: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2",
        abstract: "Runs, evaluates, adapts and inspects base models and their experts on one machine.",
        discussion: """
            An expert is a vector z that rescales the singular values of a frozen base model's weights; z = 1 is the base \
            model itself. Results go to standard output, everything else to standard error.

            Examples:
              t2 inspect --model experts/tiny/base
              t2 eval --model experts/tiny/base --task gsm-mini
              t2 eval --model experts/tiny/base --task gsm-mini \\
                --expert experts/tiny/math.safetensors
              t2 generate --model experts/tiny/base \\
                --prompt $'Problem: Compute 3*4-4.\\nSolution:'

            Exit status:
              0        success, also if Ctrl-C or SIGTERM ended eval, adapt or generate
              64       wrong usage: a flag, an unknown task
              65       bad data: model, tokenizer, expert, problems, a line of input
              66       a file or folder that is missing
              69       unavailable: memory for the model, the program sandbox
              70       an internal error of this program
              73       an output that cannot be created
              74       reading or writing failed, or the disk is full
              75       try again: rewards are missing, or a report was stopped
              77       no permission
              78       invalid configuration
              129, 130, 143 ended at once by SIGHUP, Ctrl-C or SIGTERM; eval, adapt, generate, report: by a second one
            """,
        version: ProgramVersion.text(of: "t2"),
        subcommands: [
            InspectCommand.self, TokenizeCommand.self, ScoreCommand.self, GenerateCommand.self,
            EvaluateCommand<LocalHostOptions>.self, AdaptCommand<LocalHostOptions>.self, CompareCommand.self,
            ReportCommand<LocalHostOptions>.self, PlanCommand.self, GradientCommand.self, ReplayCommand.self,
            DecomposeCommand.self,
            ExpertsCommand.self, TasksCommand.self,
        ])

    static func main() async {
        // Every command runs one BLAS thread per lane: splitting a product among threads would change its last bits.
        MatrixMultiply.useThreads(1)
        Foundation.exit(await runProgram().rawValue)
    }
}
