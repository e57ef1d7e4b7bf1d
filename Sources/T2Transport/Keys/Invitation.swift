import Foundation
import T2Core
import T2Formats

/// What a worker needs to join from another machine: one text file, which is as secret as a password.
package struct Invitation: Sendable, Equatable {
    package let name: String
    /// The coordinator's endpoints; a worker tries them in turn.
    package let endpoints: [String]
    package let serverKey: CurveKey
    package let keys: CurveKeyPair
    package let expires: Date?

    package init(name: String, endpoints: [String], serverKey: CurveKey, keys: CurveKeyPair, expires: Date? = nil) {
        self.name = name
        self.endpoints = endpoints
        self.serverKey = serverKey
        self.keys = keys
        self.expires = expires
    }

    /// The content of the file.
    package var text: String {
        let lines =
            ["# An invitation of t2-coord. On the worker's machine: t2-worker join THIS-FILE"]
            + ["# Keep it secret, as a password: its holder can join under this name.", "name: \(name)"]
            + endpoints.map { "endpoint: \($0)" }
            + ["server-key: \(serverKey)", "public-key: \(keys.publicKey)", "secret-key: \(keys.secretKey)"]
            + (expires.map { ["expires: \($0.formatted(.iso8601))"] } ?? [])
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads an invitation.
    ///
    /// - Throws: `InputError` naming the line at fault; `SystemError` if the file cannot be read.
    package init(path: String) throws {
        let content = String(decoding: try MappedFile(path: path).data, as: UTF8.self)
        var values: [String: [String]] = [:]
        for (index, line) in content.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.hasPrefix("#"), !line.allSatisfy(\.isWhitespace) else { continue }
            guard let colon = line.firstRange(of: ": ") else {
                throw Self.flaw(path, "line \(index + 1) is not of the form 'key: value'")
            }
            let value = line[colon.upperBound...].trimmingCharacters(in: .whitespaces)
            values[String(line[..<colon.lowerBound]), default: []].append(value)
        }
        func one(_ key: String) throws -> String {
            guard let found = values[key], found.count == 1 else {
                throw Self.flaw(path, "expected one line '\(key): …', found \(values[key]?.count ?? 0)")
            }
            return found[0]
        }
        func key(_ name: String) throws -> CurveKey {
            guard let key = CurveKey(try one(name)) else { throw Self.flaw(path, "\(name) is no key of 40 characters") }
            return key
        }
        name = try one("name")
        endpoints = values["endpoint"] ?? []
        guard !endpoints.isEmpty else { throw Self.flaw(path, "there is no line 'endpoint: tcp://HOST:PORT'") }
        serverKey = try key("server-key")
        keys = CurveKeyPair(publicKey: try key("public-key"), secretKey: try key("secret-key"))
        guard values["expires"] != nil else {
            expires = nil
            return
        }
        guard let date = try? Date(one("expires"), strategy: .iso8601) else {
            throw Self.flaw(path, "expires is no date of the form 2027-01-31T12:00:00Z")
        }
        expires = date
    }

    private static func flaw(_ path: String, _ problem: String) -> InputError {
        InputError(path, "is no invitation: \(problem)", remedy: "Copy the file again that t2-coord invite wrote.")
    }
}
