import Foundation
import Synchronization
import T2Core
import T2TestSupport
import T2Transport
import Testing

/// Random damage at the open port. `T2_FUZZ_FRAMES=1000000` makes the test long.
@Suite struct FuzzTests {
    private static let frameCount =
        ProcessInfo.processInfo.environment["T2_FUZZ_FRAMES"].flatMap { Int($0) } ?? 50_000

    @Test(
        "damaged messages through a real socket stop nothing and take no memory, with and without encryption",
        arguments: [false, true])
    func frames(isEncrypted: Bool) async throws {
        let folder = try TemporaryFolder()
        let keys = KeyFolder(path: folder.path + "/keys")
        let (own, server) = try keys.invite("eve", expires: nil)
        let coordinator = try ZeroMQCoordinatorTransport.listen(
            on: ["tcp://127.0.0.1:0"], admission: isEncrypted ? try Admission(folder: keys) : nil)
        let invitation = Invitation(name: "eve", endpoints: [coordinator.endpoint], serverKey: server, keys: own)
        let last = Message.credit(Credit(count: 4_242))
        let counts = Mutex((accepted: 0, refused: 0, welcomed: Set<PeerIdentity>(), isOver: false))
        let reading = Task {
            defer { counts.withLock { $0.isOver = true } }
            while let event = await coordinator.nextEvent(before: .now + patience) {
                switch event {
                case .message(let message, _) where message == last: return true
                case .message: counts.withLock { $0.accepted += 1 }
                case .malformed(_, let peer):
                    let isNew = counts.withLock { counts in
                        counts.refused += 1
                        return counts.welcomed.insert(peer).inserted
                    }
                    if isNew { _ = try? await coordinator.send(.welcome(Welcome(epoch: 1, runs: [])), to: peer) }
                default: break
                }
            }
            return false
        }
        let endpoint = coordinator.endpoint
        let memory = try await onThread {
            let dealer = try RawDealer(to: endpoint, invitation: isEncrypted ? invitation : nil)
            let originals = try SampleMessages.all.map(MessageCodec().parts)
            var random = SeededRandom(seed: isEncrypted ? 2 : 1)
            var memory = 0
            // A stranger that sends so much is cut off.
            try dealer.send(Data("x".utf8))
            while counts.withLock({ $0.welcomed.isEmpty && !$0.isOver }) { usleep(1_000) }
            for number in 0..<Self.frameCount {
                try dealer.send(Self.damaged(originals, using: &random))
                dealer.discardAnswers()
                if number == Self.frameCount / 10 { memory = try Self.residentMiB() }
            }
            try dealer.send(MessageCodec().encode(last))
            while !counts.withLock(\.isOver) {
                dealer.discardAnswers()
                usleep(1_000)
            }
            return memory
        }
        #expect(await reading.value, "the last message did not arrive")
        let (accepted, refused) = counts.withLock { ($0.accepted, $0.refused) }
        #expect(refused > Self.frameCount / 2 && accepted > 0)
        let growth = try Self.residentMiB() - memory
        #expect(growth < 100, "memory grew by \(growth) MiB")
        print("\(Self.frameCount) frames: \(accepted) accepted, \(refused) refused, memory +\(growth) MiB")
        await coordinator.close()
    }

    /// A message with damaged parts, or with damaged bytes anywhere.
    private static func damaged(_ originals: [[Data]], using random: inout SeededRandom) -> Data {
        let parts = originals[Int.random(in: 0..<originals.count, using: &random)]
        if Bool.random(using: &random) {
            return MessageCodec.frame(of: Array(Mutation.apply(to: parts, using: &random).prefix(255)))
        }
        var bytes = [UInt8](MessageCodec.frame(of: parts))
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeLast(bytes.count - min(place, bytes.count))
            case 1: bytes.insert(UInt8.random(in: 0 ... .max, using: &random), at: min(place, bytes.count))
            // A bracket that nests, or the lengths at the start.
            case 2: bytes.insert(contentsOf: [UInt8](repeating: 0x5b, count: place), at: min(place, bytes.count))
            default: if place < bytes.count { bytes[place] = UInt8.random(in: 0 ... .max, using: &random) }
            }
        }
        return Data(bytes)
    }

    static func residentMiB() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return (Int(pages) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) >> 20
    }
}
