import ArgumentParser

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-bench",
        abstract: "Measures the engine on this machine, beside the machine's own matrix product rate.",
        discussion: """
            Examples:
              t2-bench profile --model experts/tiny/base
              t2-bench products
              echo '{"measure": "sampling", "batch": 64}' | t2-bench serve --model experts/tiny/base
            """,
        subcommands: [Profile.self, Serve.self, ProductBench.self])
}
