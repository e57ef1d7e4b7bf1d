import Foundation
import T2Core

/// Two real workers, of which one is killed and the other one stopped in the middle of a run.
///
/// The one that is killed closes its connection; the one that is stopped keeps it and falls silent.
final class Deaths {
    private let model: String
    private let coordinator: CoordinatorProcess
    private var victims: [(name: String, process: Process)] = []
    private var died: ContinuousClock.Instant?

    init(model: String, coordinator: CoordinatorProcess) {
        (self.model, self.coordinator) = (model, coordinator)
    }

    /// Starts the two, and waits until they have joined.
    ///
    /// - Throws: `InputError` if they have not within a minute.
    func begin(_ endpoint: String) throws {
        for name in ["killed", "stopped"] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: BundledExample.programFolder + "/t2-worker")
            process.arguments = ["join", endpoint, "--model", model, "--lanes", "1", "--name", name]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            coordinator.adopt(process)
            victims.append((name, process))
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while !victims.allSatisfy({ coordinator.line(containing: "worker joined", "worker=\($0.name)") != nil }) {
            guard coordinator.isRunning, .now < deadline else {
                throw InputError(
                    "t2-worker", "did not join within a minute", remedy: "Try it alone: t2-worker join \(endpoint).",
                    exitStatus: .unavailable)
            }
            usleep(20_000)
        }
    }

    /// Lets both die, once.
    func strike() {
        guard died == nil else { return }
        died = .now
        kill(victims[0].process.processIdentifier, SIGKILL)
        kill(victims[1].process.processIdentifier, SIGSTOP)
    }

    /// Seconds from the deaths until the coordinator's log says so.
    var whenClosed: Double? { when("connection to worker lost", victims.first?.name) }
    var whenSilentIsSuspected: Double? { when("worker silent", victims.last?.name) }
    var whenSilentIsLost: Double? { when("worker lost", victims.last?.name) }

    private func when(_ event: String, _ name: String?) -> Double? {
        guard let died, let name, let line = coordinator.line(containing: event, "worker=\(name)") else { return nil }
        return (line.time - died).seconds
    }
}
