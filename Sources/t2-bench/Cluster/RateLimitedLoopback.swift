import Foundation
import T2Core

/// A loopback interface whose addresses have links of a limited rate, one for each worker.
///
/// Traffic to a worker's address passes its link down, traffic from it its link up. All links down share that of the
/// coordinator, and so do all links up.
struct RateLimitedLoopback {
    let addresses: [String]

    private static let marker = "T2_BENCH_OWN_NETWORK"

    /// Replaces this process by the same command in a network namespace of its own, which ends with it, unless it is in one.
    ///
    /// - Throws: `InputError` without the right to make one; `SystemError` if there is no unshare.
    static func enter() throws {
        guard ProcessInfo.processInfo.environment[marker] == nil else { return }
        guard geteuid() == 0 else {
            throw InputError(
                "t2-bench links", "makes links in a network namespace, which only root may",
                remedy: "Run it with sudo.",
                exitStatus: .permission)
        }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // Foundation needs a loopback interface to wait for programs.
        let script = #"ip link set lo up && exec "$0" "$@""#
        let arguments =
            ["env", "\(marker)=1", "unshare", "--net", "sh", "-c", script, program]
            + CommandLine.arguments.dropFirst()
        var pointers = arguments.map { strdup($0) } + [nil]
        execvp("env", &pointers)
        throw SystemError("run", "env unshare")
    }

    /// - Parameters:
    ///   - rate: Mbit/s of a worker's link.
    ///   - headRate: Mbit/s of the coordinator's link; nil does not limit it.
    /// - Throws: `InputError` if a link cannot be made.
    init(workers: Int, rate: Double, headRate: Double?) throws {
        addresses = (0..<workers).map { "127.1.\($0 / 250).\(1 + $0 % 250)" }
        try Self.run("ip", "link set lo mtu 1500")
        try Self.run("tc", "qdisc add dev lo root handle 1: htb")
        let share = min(rate, (headRate ?? .infinity) / Double(workers))
        for (direction, side) in ["dst", "src"].enumerated() {
            let parent = "1:\(direction + 1)"
            try Self.run("tc", "class add dev lo parent 1: classid \(parent) htb rate \(Self.text(headRate ?? 40_000))")
            for (index, address) in addresses.enumerated() {
                let link = "1:\(String(0x1000 * (direction + 1) + index, radix: 16))"
                try Self.run(
                    "tc",
                    "class add dev lo parent \(parent) classid \(link) htb rate \(Self.text(share)) ceil \(Self.text(rate))"
                )
                try Self.run("tc", "qdisc add dev lo parent \(link) bfifo limit 128k")
                try Self.run(
                    "tc",
                    "filter add dev lo parent 1: protocol ip prio 1 u32 match ip \(side) \(address)/32 flowid \(link)")
            }
        }
    }

    private static func text(_ rate: Double) -> String { "\(Int(rate * 1_000))kbit" }

    private static func run(_ program: String, _ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments.split(separator: " ").map(String.init)
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw InputError(
                "\(program) \(arguments)", "failed: \(printable(String(decoding: text, as: UTF8.self)))",
                remedy: "Run this as root, with iproute2; the kernel needs the htb scheduler.", exitStatus: .unavailable
            )
        }
    }
}
