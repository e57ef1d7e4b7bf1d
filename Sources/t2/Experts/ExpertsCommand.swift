import ArgumentParser

/// Commands on expert files.
struct ExpertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experts", abstract: "Lists, shows, compares, mixes, merges and exports expert files.",
        discussion: """
            Examples:
              t2 experts list
              t2 experts show experts/tiny/math.safetensors
              t2 experts diff math code --library experts/tiny
              t2 experts mix math=0.5 code=0.5 --library experts/tiny \\
                --output mixture.safetensors
              t2 experts merge --model experts/tiny/base \\
                --expert experts/tiny/math.safetensors --output math-model
              t2 experts export experts/tiny/math.safetensors \\
                --model experts/tiny/base --lora 16 --output math-lora
            """,
        subcommands: [
            ListExpertsCommand.self, ShowExpertCommand.self, CompareExpertsCommand.self, MixExpertsCommand.self,
            MergeExpertCommand.self, ExportExpertCommand.self,
        ])
}
