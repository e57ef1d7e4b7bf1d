import Foundation
import T2Core

/// Asks the monitor of a running coordinator, over a plain HTTP connection of its own.
package struct MonitorClient: Sendable {
    /// The time to wait for the connection and for each part of the answer.
    private static let patienceSeconds = 10
    /// The longest answer that is read, in bytes.
    private static let longestAnswer = 256 << 20

    package let folder: String
    package let file: MonitorFile

    /// - Parameter folder: the run folder; nil takes the only one in `runs/` that a coordinator uses.
    package init(folder: String?) throws {
        self.folder = try folder ?? MonitorFile.onlyLiveFolder()
        file = try MonitorFile.read(in: self.folder)
    }

    /// The page, with the token that its buttons need behind `#`, which browsers do not send.
    package var page: String { file.url + "#" + file.token }

    /// The status, and the JSON that it came in.
    package func status() throws -> (report: StatusReport, text: String) { try report("/api/status") }

    package func waits() throws -> (report: WaitReport, text: String) { try report("/api/why") }

    private func report<Value: Decodable>(_ path: String) throws -> (Value, String) {
        let data = try request("GET", path)
        return (try decode(data), String(decoding: data, as: UTF8.self))
    }

    /// - Parameter query: such as `?worker=NAME`, percent-encoded.
    /// - Returns: what the coordinator did.
    package func act(_ action: String, query: String = "") throws -> ActionReport {
        try decode(request("POST", "/api/\(action)\(query)"))
    }

    private func decode<Value: Decodable>(_ data: Data) throws -> Value {
        do {
            return try JSONDecoder.snakeCase.decode(Value.self, from: data)
        } catch {
            throw failure("its answer is not one that this t2-coord knows", "Use the t2-coord that runs the job.")
        }
    }

    private func failure(_ problem: String, _ remedy: String, _ status: ExitStatus = .unavailable) -> InputError {
        InputError(
            folder, "the coordinator's monitor at \(file.address): \(problem)", remedy: remedy, exitStatus: status)
    }

    private func request(_ method: String, _ path: String) throws -> Data {
        let colon = file.address.lastIndex(of: ":") ?? file.address.endIndex
        let host = file.address[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let port = String(file.address[colon...].dropFirst())
        let descriptor: Int32
        do {
            descriptor = try MonitorSocket.open(host, port) { connect($0, $1.ai_addr, $1.ai_addrlen) }
        } catch {
            throw failure(error.problem, "It may just have ended; try again.", .tryAgain)
        }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: \(file.address)\r\nConnection: close\r\nAuthorization: Bearer \(file.token)\r\n"
            + "Content-Length: 0\r\n\r\n"
        guard
            head.utf8.withContiguousStorageIfAvailable({
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            })
                == head.utf8.count
        else { throw unreachable("send") }
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, answer.count + count <= Self.longestAnswer else { throw unreachable("receive") }
            guard count > 0 else { break }
            answer.append(contentsOf: buffer[..<count])
        }
        guard let end = answer.range(of: Data("\r\n\r\n".utf8)),
            let line = String(data: answer[..<end.lowerBound], encoding: .utf8)?.split(separator: "\r\n").first,
            let status = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw failure("it does not speak HTTP", "Stop the coordinator by SIGTERM and resume the run.") }
        let body = answer[end.upperBound...]
        guard status == 200 else {
            let answer = try? JSONDecoder().decode(Answer.self, from: body)
            throw Refusal(
                description: "\(folder): \(answer?.error.message ?? "the monitor answered with status \(status).")")
        }
        return Data(body)
    }

    /// What the monitor says about a request that it does not fulfil.
    package struct Refusal: UserFacingError {
        package let description: String
        package var exitStatus: ExitStatus { .data }
    }

    private struct Answer: Decodable {
        struct Content: Decodable { let message: String }
        let error: Content
    }

    private func unreachable(_ call: String) -> InputError {
        failure(
            "cannot \(call): \(String(cString: strerror(errno)))", "It may just have ended; try again.", .tryAgain)
    }
}

extension JSONDecoder {
    /// Reads what the monitor writes.
    package static var snakeCase: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}

extension JSONEncoder {
    /// Writes keys as `metrics.jsonl` has them.
    package static var snakeCase: JSONEncoder {
        let encoder = JSONEncoder.sorted()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }
}
