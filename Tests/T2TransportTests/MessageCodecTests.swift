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
        let frame = try codec.encode(message)
        #expect(try codec.decode(frame) == message)
        #expect(try codec.encode(message) == frame, "the same message gives the same bytes")
    }

    @Test("a progress report's bytes are the protocol's")
    func goldenProgress() throws {
        let frame = try codec.encode(.progress(Progress(unit: SampleMessages.unit, attempt: 1, tokens: 512)))
        let header =
            #"{"attempt":1,"tokens":512,"unit":{"index":3,"phase":"train","run":"gsm-mini","step":7}}"#
        #expect(
            String(decoding: frame, as: UTF8.self)
                == "T2/4\u{2}\u{8}\0\0\0\(Unicode.Scalar(UInt8(header.utf8.count)))\0\0\0PROGRESS" + header)
    }

    @Test(
        "a blob's bytes are the protocol's: sorted keys, values deflated by significance",
        arguments: [Policy.Kind.svf, .lora])
    func goldenBlob(kind: Policy.Kind) throws {
        let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "w", count: 2)]), values: [1, -2])
        let policy = try #require(Policy(kind, vector: vector))
        let parts = try codec.parts(of: .blob(Blob(digest: policy.digest, policy: policy)))
        let header =
            #"{"digest":"\#(policy.digest)","kind":"\#(kind.rawValue)","layout":[{"count":2,"name":"w"}],"#
            + #""payload":[{"element":"F32","name":"values","shape":[2]}]}"#
        #expect(String(decoding: parts[1], as: UTF8.self) == header)
        #expect(try parts[2].inflated(limit: 8) == [0, 0, 0, 0, 0x80, 0, 0x3f, 0xc0])
    }

    @Test("the base model travels as a policy without values")
    func baseBlob() throws {
        let blob = Blob(digest: Policy.baseDigest, policy: .base)
        let parts = try codec.parts(of: .blob(blob))
        #expect(parts[2].isEmpty)
        #expect(try codec.message(from: parts) == .blob(blob))
    }

    @Test("a prompt that neighbours share travels once")
    func sharedPrompts() throws {
        let parts = try codec.parts(of: .result(SampleMessages.answers))
        // [5, 6] of the first two, [5], nothing, and [5, 6] again, whose neighbour has another.
        #expect(parts[2].count == 4 * (2 + 1 + 0 + 2))
        let header = String(decoding: parts[1], as: UTF8.self)
        #expect(header.components(separatedBy: #""promptCount":"#).count - 1 == 4)
        let long = (0..<512).map { sample in
            SampleMessages.completion(
                sample: sample, prompt: Array(0..<1000), tokens: [1], reward: .judged(.right))
        }
        let result = UnitResult(unit: SampleMessages.unit, attempt: 1, epoch: 1, output: UnitOutput(completions: long))
        let encoded = try codec.parts(of: .result(result))
        #expect(encoded[2].count == 4_000)
        #expect(try codec.message(from: encoded) == .result(result))
    }

    @Test("a completion is judged, missing its reward or not judged, and says so in its own way")
    func rewards() throws {
        for reward in Outcome.allCases.map(Reward.judged) + [.missing(reason: "the sandbox broke"), .unjudged] {
            let completion = SampleMessages.completion(sample: 0, tokens: [1], reward: reward)
            let result = UnitResult(
                unit: SampleMessages.unit, attempt: 1, epoch: 1, output: UnitOutput(completions: [completion]))
            let parts = try codec.parts(of: .result(result))
            let header = String(decoding: parts[1], as: UTF8.self)
            let isJudged = if case .judged = reward { true } else { false }
            #expect(header.contains(#""outcome":"#) == isJudged)
            #expect(header.contains(#""missing":"the sandbox broke""#) == (reward.missingReason != nil))
            #expect(try codec.message(from: parts) == .result(result))
        }
    }

    @Test("a lease's sequences are three numbers each")
    func goldenSequences() throws {
        let header = String(decoding: try codec.parts(of: .lease(SampleMessages.answersLease))[1], as: UTF8.self)
        #expect(header.contains(#""sequences":[[0,0,2],[1,0,0],[0,1,1]]"#))
        let digests = SampleMessages.policies.map { "\"\($0.digest)\"" }.joined(separator: ",")
        #expect(header.contains(#""policies":[\#(digests)]"#))
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
        #expect(
            throws:
                ProtocolError.wrongPayload(
                    kind: "RESULT", part: "log-probabilities", expected: "shape [3]", found: "[2]")
        ) {
            try codec.encode(.result(result))
        }
    }

    @Test("a message beyond the limits is refused where it is made")
    func tooLargeToSend() {
        var limits = MessageLimits()
        limits.messageBytes = 3000
        let codec = MessageCodec(limits: limits)
        let error = #expect(throws: ProtocolError.self) {
            try codec.encode(.result(SampleMessages.result(gradientBytes: 4000)))
        }
        #expect(error?.description.contains("RESULT: bytes of a message: found") == true)
    }
}
