import ArgumentParser
import Foundation
import T2Core
import T2Numerics

@main
struct T2: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2",
        abstract: "Inspects, scores, generates with and evaluates base models and their experts.",
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

            Exit status: 0 success, 64 wrong usage, 65 bad data, 66 missing input, 73 and 74 output failed, 75 try again, \
            77 no permission.
            """,
        subcommands: [
            InspectCommand.self, TokenizeCommand.self, ScoreCommand.self, GenerateCommand.self, EvaluateCommand.self,
            GradientCommand.self, DecomposeCommand.self, ExpertsCommand.self,
        ])

    static func main() {
        // A reader that has seen enough is reported by write, which ends the program quietly.
        signal(SIGPIPE, SIG_IGN)
        // Every command runs one BLAS thread per lane: the cut of a product over threads would change its last bits.
        MatrixMultiply.useThreads(1)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch is OutputClosed {
            return
        } catch let error as any UserFacingError {
            StandardError.write("error: \(error.description)\n")
            Foundation.exit(error.exitStatus.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
