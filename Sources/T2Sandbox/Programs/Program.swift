/// Python source and the assertions that decide whether it is right.
package struct Program: Sendable, Equatable {
    package let source: String
    /// Run one by one after the source in another process: they use the source's names, but the source cannot see them.
    package let tests: [String]

    package init(source: String, tests: [String]) {
        self.source = source
        self.tests = tests
    }
}

/// The verdict on a program.
package enum ProgramResult: Sendable, Equatable {
    /// The program and all its tests ran to the end.
    case passed
    case failed(reason: String)
    /// The sandbox broke, or the tests cannot judge any program; nothing is known about this one.
    case notRun(reason: String)
}

/// The resources that one program may use; a program that exceeds one of them fails.
package struct ProgramLimits: Sendable, Equatable, Encodable {
    /// The processor time of each process in whole seconds, the unit of the system's limit. Of the canonical solutions
    /// of MBPP and HumanEval all but one need less than 0.3 s; task 123 of MBPP needs 2.3 to 3.
    package var processorSeconds = 5
    /// The time from start to end in seconds, far above the processor time, so that a busy machine does not change
    /// verdicts.
    package var wallSeconds: Double = 20
    /// The address space of each process in bytes, of which the interpreter takes less than 48 MiB.
    package var memoryBytes = 256 << 20
    /// The number of processes and threads alive at once, including the program itself.
    package var processes = 4
    /// The size of each file that it writes, in bytes.
    package var fileBytes = 8 << 20
    /// The size of all its files together, which are kept in memory, in bytes.
    package var temporaryBytes = 16 << 20
    /// The length of its source in UTF-8. A program with a longer source fails without being run.
    package var sourceBytes = 1 << 20
    /// The length of all its tests in UTF-8. A program with longer tests is *not run*, because they are not its fault.
    package var testBytes = 1 << 20

    package init() {}
}
