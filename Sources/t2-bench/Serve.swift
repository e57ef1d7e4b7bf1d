import ArgumentParser
import Foundation
import T2Core

/// Times one request after another, so that a driver can alternate with another engine on the same machine.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers {\"measure\": \"sampling\", \"batch\": N} lines with {\"seconds\": …, \"tokens\": n}.",
        discussion: """
            Measures: sampling, and the gradient step of completions of one length (gradient), of many lengths (ragged), and of
            many lengths in groups of 8 that share their prompt (grouped); search is an iteration of few-shot search over
            `batch` candidates with 10 shots each.
            """)

    @OptionGroup var options: ModelOptions

    private struct Request: Decodable {
        enum Measure: String, Decodable {
            case sampling, gradient, ragged, grouped, search

            var shape: BenchEngine.Shape {
                switch self {
                case .ragged: .ragged
                case .grouped: .grouped
                case .sampling, .gradient, .search: .equal
                }
            }
        }

        let measure: Measure
        let batch: Int
    }

    private struct Timing: Encodable {
        let seconds: Double
        let tokens: Int
    }

    private struct About: Encodable {
        let productGigaflops: Double
        let samplingFlopsPerToken: Double
        let gradientFlopsPerToken: Double
    }

    func run() throws {
        let engine = try options.engine()
        try answer(
            About(
                productGigaflops: engine.productRate(), samplingFlopsPerToken: engine.samplingFlops,
                gradientFlopsPerToken: engine.gradientFlops))
        while let line = readLine() {
            let request: Request
            do {
                request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
            } catch {
                throw InputError(
                    "request '\(line.prefix(200))'", "not readable: \(decodingProblem(error))", remedy: Self.remedy)
            }
            guard Bench.batchSizes.contains(request.batch) else {
                throw InputError(
                    "request '\(line.prefix(200))'",
                    "'batch' is \(request.batch), expected \(Bench.batchSizes.lowerBound) to \(Bench.batchSizes.upperBound)",
                    remedy: Self.remedy)
            }
            switch request.measure {
            case .sampling:
                try answer(Timing(seconds: engine.sample(batch: request.batch), tokens: request.batch * options.new))
            case .search:
                try answer(
                    Timing(
                        seconds: engine.search(candidates: request.batch),
                        tokens: request.batch * BenchEngine.shots * options.new))
            case .gradient, .ragged, .grouped:
                let shape = request.measure.shape
                try answer(
                    Timing(
                        seconds: engine.differentiate(batch: request.batch, shape),
                        tokens: engine.tokenCount(batch: request.batch, shape)))
            }
        }
    }

    private static let remedy = #"Send lines like {"measure": "sampling", "batch": 64}."#

    private func answer(_ value: some Encodable) throws {
        print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
        fflush(nil)
    }
}
