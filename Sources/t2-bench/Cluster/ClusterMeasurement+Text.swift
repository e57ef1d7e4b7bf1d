import Foundation
import T2Core

extension ClusterMeasurement {
    func json() throws -> String {
        String(decoding: try JSONEncoder.sorted(isIndented: true).encode(self), as: UTF8.self)
    }

    /// The lines printed without `--json`.
    var text: String {
        var lines = [
            String(
                format: "%d workers, %d units a step: %.0f leases/s while units wait; %d leases, %d accepted", workers,
                units, leasesPerSecond, leases, accepted),
            String(
                format:
                    "coordinator: %.1f CPU seconds (%.0f %% of a core, %.2f ms a lease; the emulation took %.1f s), "
                    + "largest resident memory %.0f MB", processorSeconds, 100 * processorShare,
                processorMillisecondsPerLease, emulationProcessorSeconds, Double(largestResidentBytes) / 1e6),
            String(
                format: "a step: %.2f s (%.2f to %.2f): %.2f s for its units, %.2f s for the update, %.2f s for the "
                    + "checkpoint; ideal %.2f s, overhead %.2f s (%.0f %%)", median(\.seconds),
                steps.map(\.seconds).min() ?? 0, steps.map(\.seconds).max() ?? 0, median(\.collectSeconds),
                median(\.updateSeconds), median(\.checkpointSeconds), median(\.idealSeconds), overheadSeconds,
                100 * overhead),
        ]
        if let noticed {
            lines.append(
                """
                a worker that is killed is noticed after \(Self.text(noticed.connectionClosed)); one that is stopped is \
                suspected after \(Self.text(noticed.silentSuspected)), and lost after \(Self.text(noticed.silentLost))
                """)
        }
        return lines.joined(separator: "\n")
    }

    private func median(_ value: (Step) -> Double) -> Double { Self.median(steps.map(value)) }

    private static func text(_ seconds: Double?) -> String {
        seconds.map { String(format: "%.1f s", $0) } ?? "more time than the run took"
    }
}
