import ArgumentParser
import T2Core
import T2Text

extension CalendarDate: ExpressibleByArgument {}

/// What the chat template of a model reads besides each prompt.
package struct ChatOptions: ParsableArguments {
    @Option(help: ArgumentHelp("System message before each prompt; for chat models.", valueName: "text"))
    package var system: String?

    @Option(
        help: ArgumentHelp(
            "Day that the clock of a chat template shows, as in 2024-07-26. (default: today)", valueName: "date"))
    package var date: CalendarDate?

    package init() {}

    /// - Throws: `InputError` (configuration) for an option that this model does not read.
    package func context(_ tokenizer: Tokenizer) throws -> ChatContext? {
        try tokenizer.chatContext(system: system, date: date)
    }
}
