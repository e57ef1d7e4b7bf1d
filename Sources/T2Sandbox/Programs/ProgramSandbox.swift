import Foundation
import Synchronization
import T2Core

/// Runs untrusted Python programs isolated from the host, from each other, from their tests and from their verdict.
///
/// Each of `parallelism` threads owns one warm interpreter inside bubblewrap: see `SandboxCommand` for what it sees,
/// `program_runner.py` for how it runs a program, and `program_exchange.py` for how the tests reach the program. If an
/// interpreter dies, the program that it was running is *not run*, never *failed*, and the next program gets a new one.
///
/// The tests and the program are two processes, and the tests alone decide what is equal. This has a price: an object
/// of the program's own class is unequal to every value of the tests and cannot be combined with one in a calculation,
/// whatever its class defines (one of a subclass of a builtin type counts as that type); a test cannot derive from a
/// class of the program (it is *not run*) and does not see what the program prints or draws from `random`. The program
/// still decides whether two objects of its own classes are equal, and what a name means that the tests neither define
/// nor import, except for modules of the library and, unless the tests use no other names, builtins.
///
/// Invariants: a batch is answered completely and in order; no process outlives its program or the sandbox.
package final class ProgramSandbox: Sendable {
    /// The isolation of its programs.
    package let isolation: ProgramIsolation
    private let limits: ProgramLimits
    private let queue: ProgramQueue

    /// Starts the interpreters and runs two trial programs.
    ///
    /// - Parameters:
    ///   - isolation: `none` only if the user has asked for it.
    ///   - searchPath: the folders in which bubblewrap and Python are looked for, in the form of `PATH`.
    /// - Throws: `SandboxError` with the remedy.
    package init(
        parallelism: Int, limits: ProgramLimits = ProgramLimits(), isolation: ProgramIsolation = .bubblewrap,
        searchPath: String = ProgramSandbox.systemSearchPath
    ) throws {
        precondition(parallelism > 0, "a sandbox needs at least one interpreter")
        self.limits = limits
        self.isolation = isolation
        let command = try SandboxCommand(searchPath: searchPath, limits: limits, isolation: isolation)
        queue = ProgramQueue(threads: parallelism)
        for index in 0..<parallelism {
            let thread = Thread { [queue] in
                Self.serve(queue, command: command, limits: limits) { process in
                    queue.processes.withLock { $0[index] = process }
                }
            }
            thread.name = "t2-sandbox-\(index)"
            thread.start()
        }
        try checkTrialPrograms()
    }

    deinit { queue.close() }

    /// The folders of `PATH`, then the system's usual ones.
    package static let systemSearchPath =
        [ProcessInfo.processInfo.environment["PATH"], "/usr/local/bin:/usr/bin:/bin"].compactMap { $0 }.joined(
            separator: ":")

    /// One result per program, in the same order; blocks the calling thread.
    package func run(_ programs: [Program]) -> [ProgramResult] {
        let batch = Batch<ProgramResult>(count: programs.count)
        var entries: [ProgramQueue.Entry] = []
        for (index, program) in programs.enumerated() {
            let (source, tests) = (program.source.utf8.count, program.tests.reduce(0) { $0 + $1.utf8.count })
            let entry = ProgramQueue.Entry(program: program) { batch.answer(index, $0) }
            if tests > limits.testBytes {
                entry.answer(.notRun(reason: "the tests have \(tests) bytes, at most \(limits.testBytes) are run"))
            } else if source > limits.sourceBytes {
                entry.answer(.failed(reason: "the source has \(source) bytes, at most \(limits.sourceBytes) are run"))
            } else {
                entries.append(entry)
            }
        }
        queue.add(entries)
        return batch.wait()
    }

    /// The process started by each thread, which is bubblewrap if it is used; nil for a thread without a process.
    package var processIdentifiers: [pid_t?] { queue.processes.withLock { $0 } }

    private func checkTrialPrograms() throws {
        let trials = [("def one():\n    return 1", ProgramResult.passed), ("def one():\n    return 2", nil)]
        let results = run(trials.map { Program(source: $0.0, tests: ["assert one() == 1"]) })
        for (trial, result) in zip(trials, results) {
            switch (result, trial.1) {
            case (.notRun(let reason), _):
                // Other causes, such as a damaged interpreter, have nothing to do with restrictions of the machine.
                let isRefusal = reason.hasPrefix("bwrap: ")
                throw SandboxError.broken(reason, restriction: isRefusal ? NamespaceRestriction.find() : nil)
            case (.passed, .passed), (.failed, nil): continue
            default: throw SandboxError.broken("the verdict on '\(trial.0)' was \(result)")
            }
        }
    }

    /// The loop of one thread: one interpreter at a time, started before it is needed.
    private static func serve(
        _ queue: ProgramQueue, command: SandboxCommand, limits: ProgramLimits, report: (pid_t?) -> Void
    ) {
        var pending: ProgramQueue.Entry?
        while true {
            do throws(ChildFailure) {
                let runner = try SandboxRunner(command: command, limits: limits)
                report(runner.process)
                defer { report(nil) }
                while true {
                    if pending == nil {
                        pending = queue.take()
                        // An interpreter that ended while it was idle costs no program.
                        guard runner.isAlive else { break }
                    }
                    guard let entry = pending else { return }
                    let result = try runner.run(entry.program)
                    pending = nil
                    entry.answer(result)
                }
            } catch {
                // A runner that failed with a program in hand costs that program; one that failed to start, the next
                // one.
                guard let entry = pending ?? queue.take() else { return }
                pending = nil
                entry.answer(.notRun(reason: error.reason))
            }
        }
    }
}

/// The isolation of a program from the machine on which it runs.
package enum ProgramIsolation: String, Sendable, CaseIterable {
    /// The program has its own namespaces, a system call filter and limits: no network, no files or processes of the
    /// host.
    case bubblewrap
    /// **Unsafe.** The same interpreter and limits in a child of this process, with the user's rights: a program can
    /// read and write every file that the user can, use the network, see, stop and trace the user's processes, and
    /// leave hidden processes behind. Since it can reach the process that judges it, its verdict is only as trustworthy
    /// as the program. The number of its processes and the total size of its files are not limited. This is for
    /// machines on which bubblewrap cannot run and that hold nothing of value; it is used only if the user asks for it.
    case none
}
