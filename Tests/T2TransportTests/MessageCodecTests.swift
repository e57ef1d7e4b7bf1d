import Foundation
import T2Core
import T2Transport
import Testing

@Suite struct MessageCodecTests {
    let codec = MessageCodec()

    @Test("every kind has a sample")
    func samplesAreComplete() {
        #expect(Set(SampleMessages.all.map(\.kind)) == Set(Message.Kind.allCases))
    }

    @Test("a message survives the way there and back", arguments: SampleMessages.all)
    func roundTrip(_ message: Message) throws {
        let frames = try codec.encode(message)
        #expect(try codec.decode(frames) == message)
        #expect(try codec.encode(message) == frames, "the same message gives the same bytes")
    }

    @Test("a progress report's bytes are the protocol's")
    func goldenProgress() throws {
        let frames = try codec.encode(.progress(Progress(unit: SampleMessages.unit, attempt: 1, tokens: 512)))
        let header =
            #"{"attempt":1,"tokens":512,"unit":{"index":3,"phase":"train","run":"gsm-mini","step":7}}"#
        #expect(frames.map { String(decoding: $0, as: UTF8.self) } == ["T2/3", "PROGRESS", header])
    }

    @Test("a blob's bytes are the protocol's: sorted keys, little-endian values")
    func goldenBlob() throws {
        let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "w", count: 2)]), values: [1, -2])
        let digest = Policy.svf(vector).digest
        let frames = try codec.encode(.blob(Blob(digest: digest, policy: .svf(vector))))
        let header =
            #"{"digest":"\#(digest)","kind":"svf","layout":[{"count":2,"name":"w"}],"#
            + #""payload":[{"element":"F32","name":"values","shape":[2]}]}"#
        #expect(String(decoding: frames[2], as: UTF8.self) == header)
        #expect(Array(frames[3]) == [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
    }

    @Test("the payload keeps every bit, a NaN's too")
    func payloadBits() throws {
        var result = SampleMessages.result
        result.output.gradient = [Float(bitPattern: 0x7fc0_1234), -0.0, .leastNonzeroMagnitude]
        guard case .result(let back) = try codec.decode(codec.encode(.result(result))) else {
            Issue.record("another kind came back")
            return
        }
        #expect(back.output.gradient?.map(\.bitPattern) == result.output.gradient?.map(\.bitPattern))
    }

    @Test("a NaN in the header is refused where it is made")
    func nonFiniteHeader() {
        var result = SampleMessages.result
        result.output.statistics.kl = .nan
        #expect(
            throws: ProtocolError.malformedHeader(
                kind: "RESULT", problem: "statistics.kl: 'nan' is not a number that JSON can hold")
        ) {
            try codec.encode(.result(result))
        }
    }

    @Test("a result whose tokens and log-probabilities disagree is refused where it is made")
    func disagreeingCounts() {
        var result = SampleMessages.result
        result.output.completions[0].logProbabilities.removeLast()
        #expect(throws: ProtocolError.wrongShape(kind: "RESULT", frame: "log-probabilities", expected: [3], found: [2]))
        {
            try codec.encode(.result(result))
        }
    }

    @Test("a message beyond the limits is refused where it is made")
    func tooLargeToSend() {
        var limits = MessageLimits()
        limits.frameBytes = 3000
        let codec = MessageCodec(limits: limits)
        #expect(throws: ProtocolError.tooLarge(kind: "RESULT", what: "bytes of a frame", limit: 3000, found: 4000)) {
            try codec.encode(.result(SampleMessages.result(gradientBytes: 4000)))
        }
    }
}
