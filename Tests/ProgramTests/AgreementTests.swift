import Foundation
import T2Core
import Testing

@Suite("t2 score and t2 gradient agree with PyTorch")
struct AgreementTests {
    @Test(
        "log-probabilities within 1e-4, as one file and with any lane count", arguments: ProgramFixture.names,
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
            #expect(objects[index]["ids"] as? [Int] == rollout.prompt_ids + rollout.completion_ids)
            let scores = try #require(objects[index]["logprobs"] as? [Any])
            #expect(scores[0] is NSNull)
            let found = try #require(Array(scores.suffix(rollout.completion_ids.count)) as? [Double])
            for (a, b) in zip(found, reference.log_probabilities[index]) { #expect(abs(a - b) < 1e-4) }
        }
    }

    @Test(
        "the gradient within 2e-4 relative, the losses within 1e-4, for both divergences",
        arguments: ProgramFixture.names)
    func gradients(name: String) throws {
        let fixture = try ProgramFixture(name)
        let reference = try fixture.reference()
        let expert = try fixture.writeExpert(reference.z, to: "z.safetensors")
        let lines = try reference.rollouts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        let rollouts = try fixture.folder.write(lines.joined(separator: "\n"), to: "rollouts.jsonl")
        let output = fixture.folder.path + "/gradient.safetensors"
        for expected in reference.cases where expected.parameterisation == "direct" {
            let run = try fixture.run([
                "gradient", "--model", fixture.model, "--expert", expert, "--rollouts", rollouts, "--output", output,
                "--json",
                "--kl-coefficient", "\(expected.coefficient)", "--kl-direction", expected.direction, "--temperature",
                "\(expected.temperature)",
            ])
            #expect(run.status == 0 && run.errors == "")
            let losses = try #require(try run.objects().first as? [String: Double])
            #expect(Set(losses.keys) == ["loss", "policy_loss", "kl"])
            #expect(abs(try #require(losses["loss"]) - expected.loss) < 1e-4 * abs(expected.loss))
            #expect(abs(try #require(losses["policy_loss"]) - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
            #expect(abs(try #require(losses["kl"]) - expected.kl) < 1e-4 * expected.kl)
            #expect(try Self.relativeError(output, expected.gradient) < 2e-4)
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
            $0 - $1.0.advantage * $1.1.reduce(0, +)
        }
        #expect(abs(try #require(losses["policy_loss"]) - sum / Double(reference.rollouts.count)) < 1e-4)
    }

    /// ‖Δ‖/‖g‖ over all tensors of a file.
    private static func relativeError(_ path: String, _ expected: [String: [Double]]) throws -> Double {
        let file = try SafetensorsFile(path: path)
        #expect(Set(file.tensors.keys) == Set(expected.keys))
        var difference = 0.0
        var norm = 0.0
        for (name, values) in expected {
            for (a, b) in zip(try file.floats(of: name, shape: [values.count]), values) {
                difference += (Double(a) - b) * (Double(a) - b)
                norm += b * b
            }
        }
        return (difference / norm).squareRoot()
    }
}
