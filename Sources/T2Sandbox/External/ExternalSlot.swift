import Foundation
import Synchronization

/// A slot for one running copy of an external verifier, which is started when it is needed.
final class ExternalSlot: Sendable {
    private let command: [String]
    private let folder: String
    private let running = Mutex<ExternalProgram?>(nil)

    init(command: [String], folder: String) {
        self.command = command
        self.folder = folder
    }

    /// - Throws: `ChildFailure`. If the copy is out of step, it is ended, and the next request starts
    ///   another.
    func answer(to request: ExternalVerifier.Request, within timeout: Duration) throws(ChildFailure)
        -> ExternalReply
    {
        let line = try Self.line(request)
        return try running.withLock { running throws(ChildFailure) in
            var program =
                if let current = running.take() { current } else {
                    try ExternalProgram(command: command, folder: folder)
                }
            let answer = try program.answer(to: line, within: timeout)
            do throws(ExternalReply.Flaw) {
                let reply = try ExternalReply(line: answer, id: request.id)
                running = consume program
                return reply
            } catch {
                guard error.isInStep else { throw program.failure(error.problem) }
                running = consume program
                throw ChildFailure(reason: error.problem)
            }
        }
    }

    private static func line(_ request: ExternalVerifier.Request) throws(ChildFailure) -> Data {
        guard let fields = try? JSONEncoder().encode(request) else {
            throw ChildFailure(reason: "cannot be asked: the request cannot be written as JSON")
        }
        // JSON has line breaks only between its tokens, where they have no meaning.
        let record = request.record.utf8.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        return fields.dropLast() + Data(",\"record\":".utf8) + record + Data("}".utf8)
    }
}
