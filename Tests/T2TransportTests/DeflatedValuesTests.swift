import CZlib
import Foundation
import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite("The values of a BLOB travel deflated")
struct DeflatedValuesTests {
    private let codec = MessageCodec()

    private func blob(_ values: [Float]) -> Blob {
        let layout = ExpertLayout(entries: [.init(name: "w", count: values.count)])
        let policy = Policy.svf(ExpertVector(layout: layout, values: values))
        return Blob(digest: policy.digest, policy: policy)
    }

    @Test("they come back bit for bit, whatever they are", arguments: [1, 2, 3, 1_000, 100_003])
    func exact(count: Int) throws {
        var random = SeededRandom(seed: 5)
        let special: [Float] = [0, -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1]
        let values = (0..<count).map { index in
            index < special.count ? special[index] : Float(bitPattern: UInt32.random(in: 0 ... .max, using: &random))
        }
        let sent = blob(values)
        guard case .blob(let received) = try codec.decode(codec.encode(.blob(sent))) else {
            Issue.record("another kind came back")
            return
        }
        // A NaN is unequal to itself, so the bits are compared.
        #expect(received.policy.vector?.values.map(\.bitPattern) == values.map(\.bitPattern))
        #expect(received.digest == sent.digest)
    }

    @Test("numbers near 1 take at most four fifths of their bytes")
    func saving() throws {
        var random = SeededRandom(seed: 6)
        let values = (0..<100_000).map { _ in Float(1 + 0.05 * random.nextNormal()) }
        #expect(try codec.parts(of: .blob(blob(values)))[2].count < 320_000)
    }

    @Test("a claim of more values than the bytes can hold is refused before there is memory for them")
    func claims() throws {
        let parts = try codec.parts(of: .blob(blob([1, 2])))
        let claim = 60_000_000
        let header = String(decoding: parts[1], as: UTF8.self)
            .replacing(#""count":2"#, with: #""count":\#(claim)"#).replacing("[2]", with: "[\(claim)]")
        let before = try FuzzTests.residentMiB()
        let error = #expect(throws: ProtocolError.self) {
            try codec.message(from: [parts[0], Data(header.utf8), .deflated(count: 1 << 20)])
        }
        #expect(error?.description.contains("should have \(claim) values, deflated") == true)
        #expect(try FuzzTests.residentMiB() - before < 100)
    }

    @Test("a coordinator unpacks nothing that a worker sends")
    func fromWorker() async throws {
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await worker.mustSend(.blob(blob([1, 2])))
            let error = try await coordinator.next("a refusal") { event in
                if case .malformed(let error, _) = event { error } else { nil }
            }
            #expect(error.description.contains("BLOB: its header cannot be read: it is not a worker's to send"))
            await worker.close()
        }
    }

    @Test("a BLOB that several workers ask for is the same for each")
    func shared() async throws {
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            let sent = [blob([1, 2]), blob([3, 4, 5])].map { Message.blob($0) }
            for name in ["alpha", "beta"] {
                let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named(name))
                try await worker.mustSend(.credit(Credit(count: 1)))
                let peer = try await coordinator.nextMessage().peer
                for message in sent { #expect(try await coordinator.send(message, to: peer) == .sent) }
                for message in sent { #expect(try await worker.nextMessage() == message) }
                await worker.close()
            }
        }
    }
}

extension Data {
    /// The packed form of as many zeros.
    static func deflated(count: Int) -> Data {
        let zeros = [UInt8](repeating: 0, count: count)
        var size = compressBound(UInt(count))
        var packed = Data(count: Int(size))
        let status = packed.withUnsafeMutableBytes {
            compress($0.bindMemory(to: UInt8.self).baseAddress, &size, zeros, UInt(count))
        }
        precondition(status == Z_OK)
        return packed.prefix(Int(size))
    }

    /// The content of packed bytes.
    func inflated(limit: Int) throws -> [UInt8] {
        var content = [UInt8](repeating: 0, count: limit)
        var size = UInt(limit)
        let status = withUnsafeBytes {
            uncompress(&content, &size, $0.bindMemory(to: UInt8.self).baseAddress, UInt($0.count))
        }
        try #require(status == Z_OK)
        return Array(content.prefix(Int(size)))
    }
}
