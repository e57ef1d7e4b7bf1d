import ArgumentParser

/// Commands on expert files.
struct ExpertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experts", abstract: "Shows and mixes expert files.",
        discussion: """
            Examples:
              t2 experts show experts/tiny/math.safetensors
              t2 experts mix math.safetensors=0.5 code.safetensors=0.5 \\
                --output mixture.safetensors
            """,
        subcommands: [ShowExpertCommand.self, MixExpertsCommand.self])
}
