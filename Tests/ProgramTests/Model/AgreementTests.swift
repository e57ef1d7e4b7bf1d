import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("t2 score and t2 gradient agree with PyTorch")
struct AgreementTests {
    @Test(
        "log-probabilities within 1e-4, as one file and with any lane count", arguments: ModelFixture.names,
        ["1", "3"])
    func scores(name: String, lanes: String) throws {
        let fixture = try ProgramFixture(name)
        let reference = try fixture.reference()
        let lines = reference.rollouts.map { #"{"ids": \#($0.prompt_ids + $0.completion_ids)}"# + "\n" }
        let input = try fixture.folder.write(lines.joined(), to: "input.jsonl")
        let run = try fixture.run(["score", "--model", fixture.model, "--input", input, "--lanes", lanes])
        #expect(run.status == 0 && run.errors == "")
        let objects = try run.objects()
        try #require(objects.count == reference.rollouts.count)
        for (index, rollout) in reference.rollouts.enumerated() {
            let ids = (rollout.prompt_ids + rollout.completion_ids).map(Int.init)
            #expect(objects[index]["ids"] as? [Int] == ids)
            let scores = try #require(objects[index]["logprobs"] as? [Any])
            #expect(scores.count == ids.count && scores[0] is NSNull)
            let found = try #require(Array(scores.suffix(rollout.completion_ids.count)) as? [Double])
            #expect(largestDifference(found, reference.log_probabilities[index]) < 1e-4)
        }
    }

    @Test(
        "the gradient within 2e-4 relative, the losses within 1e-4, for both divergences",
        arguments: ModelFixture.names)
    func gradients(name: String) throws {
        let fixture = try ProgramFixture(name)
        let reference = try fixture.reference()
        let expert = try fixture.writeExpert(reference.z, to: "z.safetensors")
        let lines = try reference.rollouts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        let rollouts = try fixture.folder.write(lines.joined(separator: "\n"), to: "rollouts.jsonl")
        let output = fixture.folder.path + "/gradient.safetensors"
        for expected in reference.cases(.direct) {
            let run = try fixture.run([
                "gradient", "--model", fixture.model, "--expert", expert, "--rollouts", rollouts, "--output", output,
                "--json",
                "--kl-coefficient", "\(expected.coefficient)", "--kl-direction", expected.direction.rawValue,
                "--temperature",
                "\(expected.temperature)",
            ])
            #expect(run.status == 0 && run.errors == "")
            let losses = try #require(try run.objects().first as? [String: Double])
            #expect(Set(losses.keys) == ["loss", "policy_loss", "kl"])
            #expect(abs(try #require(losses["loss"]) - expected.loss) < 1e-4 * abs(expected.loss))
            #expect(abs(try #require(losses["policy_loss"]) - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
            #expect(abs(try #require(losses["kl"]) - expected.kl) < 1e-4 * expected.kl)
            let file = try SafetensorsFile(path: output)
            #expect(Set(file.tensors.keys) == Set(expected.gradient.keys))
            let layout = try fixture.layout()
            let gradient = try layout.entries.flatMap { try file.floats(of: $0.name, shape: [$0.count]) }
            #expect(relativeError(gradient, layout.values(expected.gradient)) < 2e-4)
        }
    }

    @Test("without an expert z is 1: no divergence, and the scores of the base model are those of z = 1")
    func baseModel() throws {
        let fixture = try ProgramFixture()
        let reference = try fixture.reference()
        let lines = try reference.rollouts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        let output = fixture.folder.path + "/gradient.safetensors"
        let run = try fixture.run(
            [
                "gradient", "--model", fixture.model, "--rollouts", "-", "--output", output, "--kl-coefficient", "0.1",
                "--kl-direction", "policy-reference",
            ], input: lines.joined(separator: "\n"))
        #expect(run.status == 0)
        let losses = try #require(try run.objects().first as? [String: Double])
        #expect(abs(try #require(losses["kl"])) < 1e-5)
        let sum = zip(reference.rollouts, reference.log_probabilities).reduce(0.0) {
            $0 - Double($1.0.advantage) * $1.1.reduce(0.0) { $0 + Double($1) }
        }
        #expect(abs(try #require(losses["policy_loss"]) - sum / Double(reference.rollouts.count)) < 1e-4)
    }
}
