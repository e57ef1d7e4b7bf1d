import ArgumentParser
import T2CommandLine
import T2Core
import T2Tasks
import T2Verifiers

/// Judges answers one by one.
struct VerifyTaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Judges answers, given as JSON Lines, as training does.",
        discussion: """
            A line is {"response": …, "answer": …}; for programming tasks it has the problem's own fields instead of the answer \
            (mbpp: test_list; humaneval: prompt, entry_point, test). "finished": false says that the token limit cut the response \
            off. The command prints {"outcome": "right|wrong|no-answer|cut-off|missing", "extracted": …, "reason": …} for each \
            line, in order. A reward that cannot be computed is missing, with its reason.

            Examples:
              echo '{"response": "so #### 1,250", "answer": "1250"}' |
                t2 tasks verify gsm8k
              t2 tasks verify my-task answers.jsonl
            """)

    @Argument(help: ArgumentHelp("The task's name, or a folder with a task.yaml.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("File of answers; - is standard input.", valueName: "file"))
    var path = "-"

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    func run() throws {
        let task = try TaskRegistry.bundled.task(named: name)
        let verifier = try verification.verifier(parallelism: laneOptions.count, for: [task])
        let reader = try LineReader(path: path)
        var submissions: [Submission] = []
        while let line = try reader.next() {
            do {
                submissions.append(try task.submission(line.content, location: line.location))
            } catch {
                // The lines before the malformed one are still answered.
                try judge(&submissions, verifier)
                throw error
            }
            // The writer may wait for the answer before it sends the next line.
            if submissions.count == Self.batch || !reader.isReady {
                try judge(&submissions, verifier)
            }
        }
        try judge(&submissions, verifier)
    }

    private static let batch = 64

    private func judge(_ submissions: inout [Submission], _ verifier: Verifier) throws {
        for examination in verifier.examine(submissions) {
            let outcome =
                switch examination.reward {
                case .judged(let outcome): outcome.rawValue
                case .missing, .unjudged: "missing"
                }
            // In a dictionary nil is written as null, so that every line has the same keys.
            let line = ["outcome": outcome, "extracted": examination.extracted, "reason": examination.reason]
            try StandardOutput.write(JSONText.line(line))
        }
        submissions = []
    }
}
