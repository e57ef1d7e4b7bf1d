import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import T2Coordinator
import T2Core

/// What the monitor's server answers. See the README of this folder.
struct MonitorRoutes {
    private static let mostRollouts = 200

    let monitor: Monitor
    let access: MonitorAccess<BasicRequestContext>

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: access)
        let monitor = monitor
        router.get("health") { _, _ in Self.text("ok\n", "text/plain; charset=utf-8") }
        router.get("metrics") { _, _ in
            Self.text(Metric.text(await monitor.status()), "text/plain; version=0.0.4; charset=utf-8")
        }
        for (path, content, type) in Self.files {
            router.get(RouterPath(path)) { _, _ in Self.text(content, "\(type); charset=utf-8") }
        }
        router.get("api/status") { _, _ in try Self.json(await monitor.status()) }
        router.get("api/why") { _, _ in try Self.json(WaitReport(await monitor.status())) }
        router.get("api/history") { _, _ in try Self.json(await monitor.history()) }
        router.get("api/rollouts") { request, _ in
            let (run, selection, limit) = try Self.selection(request.uri.queryParameters)
            return try Self.json(
                try await Self.explaining { try await monitor.rollouts(run: run, selection, limit: limit) })
        }
        router.get("api/events") { _, _ in Self.events(of: monitor) }
        router.post("api/drain") { request, _ in
            guard let worker = request.uri.queryParameters["worker"], !worker.isEmpty else {
                throw HTTPError(.badRequest, message: "expected ?worker=NAME")
            }
            return try Self.json(try await Self.explaining { try await monitor.drain(String(worker)) })
        }
        router.post("api/pause") { _, _ in try Self.json(try await monitor.setPaused(true)) }
        router.post("api/resume") { _, _ in try Self.json(try await monitor.setPaused(false)) }
        router.post("api/stop") { _, _ in try Self.stop(monitor) }
        return router
    }

    private static let files = [
        ("/", PackageResources.page_html, "text/html"), ("/page.js", PackageResources.page_js, "text/javascript"),
        ("/page.css", PackageResources.page_css, "text/css"),
    ].map { ($0.0, String(decoding: $0.1, as: UTF8.self), $0.2) }

    private static func text(_ text: String, _ type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func json(_ value: some Encodable) throws -> Response {
        text(String(decoding: try JSONEncoder.snakeCase.encode(value), as: UTF8.self) + "\n", "application/json")
    }

    /// Answers an error that a user can act on with its message.
    private static func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as any UserFacingError {
            throw HTTPError(error.exitStatus == .data ? .notFound : .internalServerError, message: error.description)
        }
    }

    /// The status as server-sent events, once a second or, with many workers, less often.
    private static func events(of monitor: Monitor) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: ResponseBody { writer in
                while !Task.isCancelled {
                    let status = await monitor.status()
                    let text = String(decoding: try JSONEncoder.snakeCase.encode(status), as: UTF8.self)
                    try await writer.write(ByteBuffer(string: "event: status\ndata: \(text)\n\n"))
                    try await Task.sleep(for: .seconds(max(1, status.workers.count / 200)))
                }
                try await writer.finish(nil)
            })
    }

    /// Answers, and then stops the jobs, whose end closes the server too.
    private static func stop(_ monitor: Monitor) throws -> Response {
        let report = ActionReport(message: "stopping; accepted results are safe, and --resume continues")
        let buffer = ByteBuffer(bytes: try JSONEncoder.snakeCase.encode(report))
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(contentLength: buffer.readableBytes) { writer in
                try await writer.write(buffer)
                try await writer.finish(nil)
                await monitor.stop()
            })
    }

    private static func selection(
        _ query: FlatDictionary<Substring, Substring>
    ) throws -> (run: String?, CompletionRecord.Selection, limit: Int) {
        func value<Value>(_ key: Substring, _ expected: String, _ parse: (String) -> Value?) throws -> Value? {
            guard let text = query[key], !text.isEmpty else { return nil }
            guard let value = parse(String(text)) else {
                throw HTTPError(.badRequest, message: "\(key) is '\(text)', expected \(expected)")
            }
            return value
        }
        var selection = CompletionRecord.Selection()
        selection.step = try value("step", "a number") { Int($0) }
        selection.phase = try value("phase", Phase.allCases.map(\.rawValue).joined(separator: ", ")) {
            Phase(rawValue: $0)
        }
        let outcomes = CompletionRecord.RewardKind.allCases.map(\.rawValue).joined(separator: ", ")
        selection.outcomes =
            try value("outcome", outcomes) {
                CompletionRecord.RewardKind(rawValue: $0).map { [$0] }
            } ?? []
        selection.problem = query["problem"].map { String($0) }
        let limit = try value("limit", "1 to \(mostRollouts)") {
            Int($0).flatMap { (1...mostRollouts).contains($0) ? $0 : nil }
        }
        return (query["run"].flatMap { $0.isEmpty ? nil : String($0) }, selection, limit ?? 20)
    }
}
