import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import T2Core

/// The monitor's HTTP server.
///
/// A stranger cannot act through it: actions need the token of `monitor.json`, whose owner alone can read it, and on an address
/// that other machines reach, everything but `/health` and the page's own files does. Requests that a page of another site
/// makes a browser send are refused.
final class MonitorServer: Sendable {
    private static let mostConnections = 128

    /// The address of the page.
    let url: String
    private let file: MonitorFile
    private let folders: [String]
    private let serving: Task<Void, Never>

    /// Takes the descriptors of the server's threads, which end the program if there are none left. Must be called before
    /// connections of others may take the last ones.
    ///
    /// - Throws: `InputError` (unavailable) if the system lets this process start too few threads.
    static func prepare() throws {
        // Since the program's start, the base model's files may have taken most of its address space.
        try LaneThread.requireRoom()
        _ = EventLoopGroupProvider.singleton.eventLoopGroup
    }

    /// Starts listening.
    ///
    /// - Parameters:
    ///   - isOpen: whether reading needs no token.
    ///   - folders: the folders that `monitor.json` is written to.
    /// - Throws: `InputError` if the address cannot be used; `SystemError` if a folder cannot be written.
    init(
        _ monitor: Monitor, host: String, port: Int, isOpen: Bool, folders: [String], logger: Logger
    ) async throws {
        let token = (0..<32).map { _ in String(format: "%02x", UInt8.random(in: 0 ... .max)) }.joined()
        let access = MonitorAccess<BasicRequestContext>(token: token, isOpen: isOpen, host: host)
        var quiet = logger
        quiet.logLevel = .critical
        let (bound, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        let application = Application(
            router: MonitorRoutes(monitor: monitor, access: access).router,
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections, logger: quiet)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? port) }, logger: quiet)
        serving = Task {
            do {
                try await application.run()
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        var found: Int?
        do {
            for try await port in bound {
                found = port
                break
            }
        } catch {
            let problem = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw MonitorAddress.unusable(host, port, problem)
        }
        let address = found ?? port
        url = "http://\(MonitorAddress.authority(host: host, port: address, onThisMachine: false))/"
        file = MonitorFile(
            address: MonitorAddress.authority(host: host, port: address, onThisMachine: true), token: token)
        self.folders = folders
        do {
            for folder in folders { try file.write(in: folder) }
        } catch {
            await close()
            throw error
        }
    }

    /// Stops listening and removes the files.
    func close() async {
        for folder in folders { file.remove(from: folder) }
        serving.cancel()
        await serving.value
    }
}
