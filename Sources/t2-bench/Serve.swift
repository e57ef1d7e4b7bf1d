import ArgumentParser
import Foundation
import T2Core

/// Times one request after another, so that a driver can alternate with another engine on the same machine.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers {\"measure\": \"sampling\", \"batch\": N} lines with {\"seconds\": …, \"tokens\": n}.",
        discussion: """
            Measures: sampling, and the gradient step of completions of one length (gradient), of many lengths (ragged), and of \
            many lengths in groups of 8 that share their prompt (grouped); search is an iteration of few-shot search over \
            `batch` candidates with 10 shots each. A request for sampling may hold "prompt" and "new", which replace the options.
            """)

    @OptionGroup var options: ModelOptions

    private struct Request: Decodable {
        enum Measure: String, Decodable {
            case sampling, gradient, ragged, grouped, search
        }

        let measure: Measure
        let batch: Int
        let prompt, new: Int?
    }

    private struct Timing: Encodable {
        let seconds: Double
        let tokens: Int
    }

    func run() throws {
        let engine = try options.engine()
        try answer([
            "productGigaflops": engine.productRate(), "samplingFlopsPerToken": engine.samplingFlops,
            "gradientFlopsPerToken": engine.gradientFlops, "readGigabytesPerSecond": engine.readBandwidth(),
            "stepBytes": engine.stepBytes, "decodingFlopsPerToken": engine.decodingFlops,
            "promptFlopsPerToken": engine.promptFlops,
        ])
        while let line = readLine() {
            func invalid(_ problem: String) -> InputError {
                InputError(
                    "request '\(line.prefix(200))'", problem,
                    remedy: #"Send lines like {"measure": "sampling", "batch": 64}."#)
            }
            let request: Request
            do {
                request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
            } catch {
                throw invalid("not readable: \(decodingProblem(error))")
            }
            let batch = request.batch
            let (prompt, new) = (request.prompt ?? options.prompt, request.new ?? options.new)
            for (name, value) in [("'batch'", batch), ("'prompt'", prompt), ("'new'", new)] {
                if let problem = Bench.problem(name, value) { throw invalid(problem) }
            }
            guard prompt + new <= engine.contextLength else {
                throw invalid("'prompt' and 'new' exceed the model's context, \(engine.contextLength) tokens")
            }
            let timing =
                switch request.measure {
                case .sampling:
                    Timing(seconds: engine.sample(batch: batch, prompt: prompt, new: new), tokens: batch * new)
                case .search:
                    Timing(
                        seconds: engine.search(candidates: batch), tokens: batch * BenchEngine.shots * options.new)
                case .gradient: gradient(engine, batch, .equal)
                case .ragged: gradient(engine, batch, .ragged)
                case .grouped: gradient(engine, batch, .grouped)
                }
            try answer(timing)
        }
    }

    private func gradient(_ engine: BenchEngine, _ batch: Int, _ shape: BenchEngine.Shape) -> Timing {
        Timing(
            seconds: engine.differentiate(batch: batch, shape), tokens: engine.tokenCount(batch: batch, shape))
    }

    private func answer(_ value: some Encodable) throws {
        print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
        fflush(nil)
    }
}
