import Foundation
import Synchronization
import T2Core

/// Runs untrusted Python programs: isolated from the host, from each other, from their tests and from their own verdict.
///
/// Each of `parallelism` threads owns one warm interpreter inside bubblewrap (`SandboxCommand` says what it sees,
/// `program_runner.py` how a program is run in there, `program_exchange.py` how its tests reach it). An interpreter that dies costs the program it was running, which
/// is then *not run*, never *failed*; the next program gets a new one.
///
/// Since tests and program are two processes, the tests decide alone what equals what. What this gives up: an object of a
/// class of the program's own is unequal to every value of the tests and cannot be calculated with one, whatever its
/// class says (a subclass of a builtin type counts as that type); a test cannot derive from a class of the program (such
/// tests are *not run*) nor see what the program prints or draws from `random`. What remains: two objects of the
/// program's own classes are equal if the program says so, and names that the tests neither define nor import mean what
/// the program says, except modules of the library and, unless the tests ask for nothing else, builtins.
///
/// Invariants: a batch is answered whole and in order; no process outlives its program; none outlives the sandbox.
package final class ProgramSandbox: Sendable {
    /// What its programs are kept from.
    package let isolation: ProgramIsolation
    private let limits: ProgramLimits
    private let queue = ProgramQueue()
    private let processes: RunningProcesses

    /// Starts the interpreters and runs two trial programs.
    ///
    /// - Parameters:
    ///   - parallelism: programs that may run at once.
    ///   - isolation: `none` only where a person has asked for it.
    ///   - searchPath: where bubblewrap and Python are looked for, in the form of `PATH`.
    /// - Throws: `SandboxError` with the remedy.
    package init(
        parallelism: Int, limits: ProgramLimits = ProgramLimits(), isolation: ProgramIsolation = .bubblewrap,
        searchPath: String = ProgramSandbox.systemSearchPath
    ) throws {
        precondition(parallelism > 0, "a sandbox needs at least one interpreter")
        self.limits = limits
        self.isolation = isolation
        let command = try SandboxCommand(searchPath: searchPath, limits: limits, isolation: isolation)
        processes = RunningProcesses(count: parallelism)
        for index in 0..<parallelism {
            let thread = Thread { [queue, processes] in
                Self.serve(queue, command: command, limits: limits) { processes.set(index, $0) }
            }
            thread.name = "t2-sandbox-\(index)"
            thread.start()
        }
        try checkTrialPrograms()
    }

    deinit { queue.close() }

    /// `PATH`, then the system's own folders.
    package static let systemSearchPath =
        [ProcessInfo.processInfo.environment["PATH"], "/usr/local/bin:/usr/bin:/bin"].compactMap { $0 }.joined(
            separator: ":")

    /// One result per program, in their order; blocks the calling thread.
    package func run(_ programs: [Program]) -> [ProgramResult] {
        let batch = ProgramBatch(count: programs.count)
        var entries: [ProgramQueue.Entry] = []
        for (position, program) in programs.enumerated() {
            let (source, tests) = (program.source.utf8.count, program.tests.reduce(0) { $0 + $1.utf8.count })
            if tests > limits.testBytes {
                batch.answer(
                    position, .notRun(reason: "the tests have \(tests) bytes, at most \(limits.testBytes) are run"))
            } else if source > limits.sourceBytes {
                batch.answer(
                    position, .failed(reason: "the source has \(source) bytes, at most \(limits.sourceBytes) are run"))
            } else {
                entries.append(ProgramQueue.Entry(program: program, position: position, batch: batch))
            }
        }
        queue.add(entries)
        return batch.wait()
    }

    /// The process that was started for each thread: bubblewrap, if it isolates; nil where none runs at the moment.
    package var processIdentifiers: [pid_t?] { processes.all }

    private func checkTrialPrograms() throws {
        let trials = [("def one():\n    return 1", ProgramResult.passed), ("def one():\n    return 2", nil)]
        let results = run(trials.map { Program(source: $0.0, tests: ["assert one() == 1"]) })
        for (trial, result) in zip(trials, results) {
            switch (result, trial.1) {
            case (.notRun(let reason), _):
                // Other troubles, a damaged interpreter say, have nothing to do with what the machine forbids.
                let isRefusal = reason.hasPrefix("bwrap: ")
                throw SandboxError.broken(reason, restriction: isRefusal ? NamespaceRestriction.find() : nil)
            case (.passed, .passed), (.failed, nil): continue
            default: throw SandboxError.broken("the verdict on '\(trial.0)' was \(result)")
            }
        }
    }

    /// The life of one thread: one interpreter at a time, started before it is needed.
    private static func serve(
        _ queue: ProgramQueue, command: SandboxCommand, limits: ProgramLimits, report: (pid_t?) -> Void
    ) {
        var pending: ProgramQueue.Entry?
        var isOpen = true
        while isOpen {
            do throws(SandboxRunner.Failure) {
                let runner = try SandboxRunner(command: command, limits: limits)
                report(runner.process)
                defer { report(nil) }
                repeat {
                    if pending == nil {
                        pending = queue.take()
                        // Ended while it was idle: that costs no program. The next one gets no second chance.
                        guard runner.isAlive else { break }
                    }
                    guard let entry = pending else {
                        isOpen = false
                        break
                    }
                    let result = try runner.run(entry.program)
                    pending = nil
                    entry.batch.answer(entry.position, result)
                } while true
            } catch {
                // A runner that cannot start must not take a program with it that nobody waits for.
                guard let entry = pending ?? queue.take() else { return }
                pending = nil
                entry.batch.answer(entry.position, .notRun(reason: error.reason))
            }
        }
    }
}

/// Which process each thread has running.
private final class RunningProcesses: Sendable {
    private let processes: Mutex<[pid_t?]>

    init(count: Int) { processes = Mutex(Array(repeating: nil, count: count)) }

    var all: [pid_t?] { processes.withLock { $0 } }

    func set(_ index: Int, _ process: pid_t?) { processes.withLock { $0[index] = process } }
}
