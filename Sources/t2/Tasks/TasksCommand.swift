import ArgumentParser

/// Commands on tasks.
struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "Lists, shows and checks tasks, and judges answers as training does.",
        discussion: """
            A task is given by name, or as a folder with a task.yaml. Published data sets are read as their authors publish them; \
            scripts/datasets fetches them.

            Examples:
              t2 tasks list
              t2 tasks show gsm8k --data datasets --problem 3
              t2 tasks verify gsm8k < answers.jsonl
              t2 tasks check my-task
            """,
        subcommands: [ListTasksCommand.self, ShowTaskCommand.self, VerifyTaskCommand.self, CheckTaskCommand.self])
}
