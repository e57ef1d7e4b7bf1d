import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Version

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-bench",
        abstract:
            "Measures the engine relative to this machine's matrix product rate, and the coordinator with emulated workers.",
        discussion: """
            Examples:
              t2-bench profile --model experts/tiny/base
              t2-bench products
              t2-bench sandbox --parallelism 2
              t2-bench lease-table --workers 1000 --units 10000
              t2-bench cluster --workers 1000
              t2-bench links --rate 100
              t2-bench packing runs/math/checkpoints/*.safetensors
              t2-bench costs --model experts/tiny/base
              echo | t2-bench tokenizer --tokenizer experts/tiny/base/tokenizer.json --texts texts.jsonl
              echo '{"measure": "sampling", "batch": 64}' | t2-bench serve --model experts/tiny/base

            Exit status:
              0        measured
              64       wrong usage: a flag, or more tokens than the model's context holds
              65       bad data: the model, or a request
              66       a file or folder that is missing
              69       the sandbox cannot run on this machine
            """,
        version: ProgramVersion.text(of: "t2-bench"),
        subcommands: [
            Profile.self, Serve.self, ProductBench.self, SandboxBench.self, LeaseTableBench.self, CostBench.self,
            ClusterBench.self, LinkBench.self, PackingBench.self, TokenizerBench.self,
        ])

    /// The valid numbers of sequences in a batch; the number of their tokens stays far below `Int.max`.
    private static let counts = 1...1_000_000

    /// The problem of an option, or of a request's key, that counts something; nil if it is valid.
    static func problem(_ name: String, _ value: Int) -> String? {
        counts.contains(value)
            ? nil : "\(name) is \(value), expected \(counts.lowerBound) to \(counts.upperBound)"
    }

    /// - Throws: `ValidationError` for the first option that is not valid.
    static func check(_ options: [(String, Int)]) throws {
        if let problem = options.lazy.compactMap({ problem($0, $1) }).first { throw ValidationError("\(problem).") }
    }

    static func main() async { Foundation.exit(await runProgram(survivesClosedPipe: false).rawValue) }
}

/// Wall time of a block, in seconds.
func seconds(_ body: () throws -> Void) rethrows -> Double { try ContinuousClock().measure(body).seconds }
