/// What one program may use; beyond any of these it fails.
package struct ProgramLimits: Sendable, Equatable, Encodable {
    /// Processor time of each of its processes. Whole seconds, because that is how the system counts. Of the canonical
    /// solutions of MBPP and HumanEval all but one need less than 0.3 s; task 123 of MBPP needs 2.3 to 3.
    package var processorSeconds = 5
    /// From start to end. Far above the processor time, so that a busy machine does not change verdicts.
    package var wallSeconds: Double = 20
    /// Address space of each of its processes, of which the interpreter takes less than 48 MiB.
    package var memoryBytes = 256 << 20
    /// Processes and threads alive at once, itself included.
    package var processes = 4
    /// Size of each file it writes.
    package var fileBytes = 8 << 20
    /// All of its files together, which live in memory.
    package var temporaryBytes = 16 << 20
    /// Length of its source in UTF-8. Longer ones fail without being run.
    package var sourceBytes = 1 << 20
    /// Length of all its tests in UTF-8. With longer ones a program is not run: they are not its fault.
    package var testBytes = 1 << 20

    package init() {}
}
