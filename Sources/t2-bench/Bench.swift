import ArgumentParser

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "t2-bench",
        abstract: "Measures the engine on this machine, beside the machine's own matrix product rate.",
        discussion: """
            Examples:
              t2-bench model --model experts/tiny/base
              t2-bench products
            """,
        subcommands: [ModelBench.self, ProductBench.self])
}
