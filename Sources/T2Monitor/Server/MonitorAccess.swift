import Foundation
import HTTPTypes
import Hummingbird

/// Refuses requests that do not come from the page itself, from t2's commands or from a program that has the token.
struct MonitorAccess<Context: RequestContext>: RouterMiddleware {
    let token: String
    /// Whether reading needs no token, because only programs on this machine reach the server.
    let isOpen: Bool
    let host: String

    private static var free: Set<String> { ["/", "/health", "/page.js", "/page.css"] }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let authority = request.head.authority ?? ""
        // A name that an attacker's DNS server gives to this address must not lead here.
        guard !isOpen || isOwn(authority) else {
            throw HTTPError(.forbidden, message: "the host '\(authority)' is not this server's address")
        }
        let origin = request.headers[.origin]
        guard origin == nil || origin == "http://\(authority)" || origin == "https://\(authority)" else {
            throw HTTPError(.forbidden, message: "requests from pages of other sites are refused")
        }
        let isRead = request.method == .get || request.method == .head
        if !Self.free.contains(request.uri.path) {
            guard HTTPField.Name("Sec-Fetch-Site").flatMap({ request.headers[$0] }) != "cross-site" else {
                throw HTTPError(.forbidden, message: "requests from pages of other sites are refused")
            }
        }
        if !(isRead && (isOpen || Self.free.contains(request.uri.path))) {
            guard let given = request.headers[.authorization], isToken(given) else {
                throw HTTPError(
                    .unauthorized, headers: [.wwwAuthenticate: "Bearer"],
                    message: "this needs the token in the run folder's monitor.json: Authorization: Bearer TOKEN")
            }
        }
        var response = try await next(request, context)
        response.headers[.cacheControl] = "no-store"
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
            + "base-uri 'none'; form-action 'none'"
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "no-referrer" }
        return response
    }

    private func isOwn(_ authority: String) -> Bool {
        let name =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return ["127.0.0.1", "localhost", "::1", host].contains(String(name))
    }

    /// Compares in a time that does not depend on where the texts differ.
    private func isToken(_ given: String) -> Bool {
        let (expected, given) = (Array("Bearer \(token)".utf8), Array(given.utf8))
        guard expected.count == given.count else { return false }
        return zip(expected, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
