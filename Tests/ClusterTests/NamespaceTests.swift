import Foundation
import T2Core
import T2TestSupport
import Testing

/// A coordinator and a worker that see each other over a network alone: the worker is in a namespace with its own address.
@Suite("A worker on another host", .enabled(if: Namespace.isPermitted, "needs root and ip netns"), .serialized)
struct NamespaceTests {
    @Test(
        "joins by an invitation over IPv4, IPv6 and a name, and trains the same bytes", arguments: ["v4", "v6", "name"])
    func joins(by way: String) async throws {
        let model = try TinyModel()
        let plain = try Cluster()
        let undisturbed = try plain.coordinator(model, extra: ["--local-workers", "1"])
        #expect(await undisturbed.status() == 0, "\(undisturbed.text)")

        let namespace = try Namespace()
        let cluster = try Cluster()
        let keys = cluster.folder + "/keys"
        let port = 20_000 + Int.random(in: 0..<20_000)
        let endpoint =
            switch way {
            case "v4": "tcp://\(namespace.address):\(port)"
            case "v6": "tcp://[\(namespace.addressV6)]:\(port)"
            default: "tcp://\(namespace.hostName):\(port)"
            }
        let invitation = cluster.folder + "/node7.invite"
        let invite = try RunningProgram(
            "t2-coord", ["invite", "node7", "--endpoint", endpoint, "--keys", keys, "--output", invitation])
        #expect(await invite.status(seconds: 30) == 0, "\(invite.text)")
        // The invitation is all that the worker has.
        let coordinator = try Cluster.coordinator(
            hiding: model.path,
            cluster.arguments(model, runFolder: cluster.runFolder).filter { $0 != "--bind" && !$0.hasPrefix("tcp://") }
                + ["--keys", keys, "--bind", way == "v6" ? "tcp://[::]:\(port)" : "tcp://0.0.0.0:\(port)"])
        #expect(await coordinator.line(containing: "listening on ") != nil, "\(coordinator.text)")
        let worker = try namespace.worker(["join", invitation, "--lanes", "1"], cache: cluster.folder + "/cache")
        #expect(
            await coordinator.line(containing: "worker joined", seconds: 60)?.contains("77:") == true || way != "v6")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(
            try cluster.digest("expert-last.safetensors") == plain.digest("expert-last.safetensors"))
    }
}

/// A network namespace that a pair of virtual interfaces joins to this one.
private final class Namespace {
    let name = "t2-\(UInt16.random(in: 1 ... .max))"
    let hostName: String
    let address: String
    let addressV6: String

    static var isPermitted: Bool {
        geteuid() == 0 && (try? run("ip", ["netns", "list"])) == 0
            && {
                let probe = "t2-probe-\(getpid())"
                defer { _ = try? run("ip", ["netns", "delete", probe]) }
                return (try? run("ip", ["netns", "add", probe])) == 0
            }()
    }

    init() throws {
        let number = Int.random(in: 1...250)
        address = "10.77.\(number).1"
        addressV6 = "fd77:\(number)::1"
        hostName = "t2-head-\(number)"
        let (here, there) = ("\(name)a", "\(name)b")
        let commands = [
            "netns add \(name)", "link add \(here) type veth peer name \(there)", "link set \(there) netns \(name)",
            "address add \(address)/24 dev \(here)", "-6 address add \(addressV6)/64 dev \(here) nodad",
            "link set \(here) up", "-n \(name) link set lo up",
            "-n \(name) address add 10.77.\(number).2/24 dev \(there)",
            "-n \(name) -6 address add fd77:\(number)::2/64 dev \(there) nodad", "-n \(name) link set \(there) up",
        ]
        for command in commands {
            let status = try Self.run("ip", command.split(separator: " ").map(String.init))
            try #require(status == 0, "ip \(command)")
        }
        // `ip netns exec` shows this file as /etc/hosts.
        let folder = "/etc/netns/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try "127.0.0.1 localhost\n\(address) \(hostName)\n".write(
            toFile: folder + "/hosts", atomically: true, encoding: .utf8)
    }

    deinit {
        _ = try? Self.run("ip", ["netns", "delete", name])
        _ = try? Self.run("ip", ["link", "delete", "\(name)a"])
        try? FileManager.default.removeItem(atPath: "/etc/netns/\(name)")
    }

    /// A worker inside of the namespace.
    func worker(_ arguments: [String], cache: String) throws -> RunningProgram {
        let program = Process.programFolder + "/t2-worker"
        return try RunningProgram(
            "/usr/bin/env", ["ip", "netns", "exec", name, program] + arguments,
            environment: ["T2_CACHE": cache])
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
