import Foundation
import T2Core
import T2Transport
import Testing

/// Damaged messages: each is refused or is a message in good order; none stops the process.
@Suite struct DamagedMessageTests {
    let codec = MessageCodec()

    /// Decodes; what is accepted must be a message in good order: it can be sent on and comes back the same.
    ///
    /// - Returns: false if it was refused.
    private func isAccepted(_ parts: [Data]) throws -> Bool {
        try isAccepted(frame: MessageCodec.frame(of: Array(parts.prefix(255))))
    }

    private func isAccepted(frame: Data) throws -> Bool {
        let accepted: Message
        do throws(ProtocolError) { accepted = try codec.decode(frame) } catch { return false }
        let canonical = try codec.encode(accepted)
        let again = try codec.decode(canonical)
        // A NaN in a payload is unequal to itself: the bytes are compared.
        #expect(try codec.encode(again) == canonical)
        return true
    }

    @Test("2,000 mutations of each sample are refused or give a message in good order", arguments: SampleMessages.all)
    func mutations(_ message: Message) throws {
        let original = try codec.parts(of: message)
        var random = SeededRandom(seed: 20_260, problem: original[0].reduce(0) { $0 + Int($1) })
        var refusals = 0
        for _ in 0..<2_000 {
            if try !isAccepted(Mutation.apply(to: original, using: &random)) { refusals += 1 }
        }
        #expect(refusals > 1_000)
    }

    @Test("a message that is cut short anywhere is refused", arguments: SampleMessages.all)
    func truncations(_ message: Message) throws {
        let original = try codec.parts(of: message)
        for count in 0..<original.count { #expect(try !isAccepted(Array(original[..<count]))) }
        for index in original.indices {
            for length in 0..<original[index].count {
                var frames = original
                frames[index] = frames[index].prefix(length)
                #expect(try !isAccepted(frames), "part \(index), \(length) bytes")
            }
        }
        let frame = try codec.encode(message)
        for length in 0..<frame.count { #expect(try !isAccepted(frame: frame.prefix(length)), "\(length) bytes") }
    }

    @Test(
        "a payload with any bit turned over is refused, unless it is one that means nothing",
        arguments: SampleMessages.all.filter { $0.hasPayload })
    func bits(_ message: Message) throws {
        let original = try codec.parts(of: message)
        for index in original.indices.dropFirst(2) {
            for bit in 0..<8 * original[index].count {
                var frames = original
                frames[index][bit / 8] ^= 1 << UInt8(bit % 8)
                // Deflate's last byte before the checksum is filled up with bits that nobody reads.
                let isSame = (try? codec.message(from: frames)) == message
                #expect(try isSame || !isAccepted(frames), "part \(index), bit \(bit)")
            }
        }
    }

    @Test("a message with frames of another one is refused or in good order")
    func mixtures() throws {
        let all = try SampleMessages.all.map(codec.parts)
        var random = SeededRandom(seed: 3)
        var accepted = 0
        for _ in 0..<5_000 {
            let (a, b) = (all.randomElement(using: &random)!, all.randomElement(using: &random)!)
            let split = Int.random(in: 0...a.count, using: &random)
            if try isAccepted(Array(a.prefix(split) + b.dropFirst(split))) { accepted += 1 }
        }
        // The same message twice, or two of one kind without payload.
        #expect(accepted > 100 && accepted < 4_000)
    }
}

extension Message {
    fileprivate var hasPayload: Bool { (try? MessageCodec().parts(of: self).count > 2) ?? false }
}

/// Random damage to a message's frames.
enum Mutation {
    static func apply(to frames: [Data], using random: inout SeededRandom) -> [Data] {
        var frames = frames.map { [UInt8]($0) }
        for _ in 0...Int.random(in: 0..<3, using: &random) {
            guard let index = frames.indices.randomElement(using: &random) else { break }
            mutate(&frames, index, using: &random)
        }
        return frames.map { Data($0) }
    }

    private static func mutate(_ frames: inout [[UInt8]], _ index: Int, using random: inout SeededRandom) {
        // The header is where most can go wrong.
        let index = frames.count > 1 && Bool.random(using: &random) ? 1 : index
        let place = Int.random(in: 0...frames[index].count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: frames.remove(at: index)
        case 1: frames.insert(frames[index], at: index)
        case 2: frames[index].removeLast(frames[index].count - place)
        case 3: frames[index].insert(UInt8.random(in: 0 ... .max, using: &random), at: place)
        case 4: frames.swapAt(index, Int.random(in: 0..<frames.count, using: &random))
        case 5: replaceNumber(&frames[index], from: place, using: &random)
        default:
            if place < frames[index].count { frames[index][place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        }
    }

    /// A digit run of the header becomes a number that hurts.
    private static func replaceNumber(_ frame: inout [UInt8], from place: Int, using random: inout SeededRandom) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = frame[place...].firstIndex(where: digits.contains) else { return }
        let end = frame[start...].firstIndex { !digits.contains($0) } ?? frame.endIndex
        let numbers = [
            "-1", "0", "9223372036854775807", "18446744073709551615", "1e308", "1e999", "0.5", "null", "\"x\"",
        ]
        frame.replaceSubrange(start..<end, with: Array((numbers.randomElement(using: &random) ?? "0").utf8))
    }
}
