import ArgumentParser
import Foundation
import T2Core

/// Times one request after another, so that a driver can alternate with another engine on the same machine.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer {\"measure\": \"sampling\"|\"gradient\", \"batch\": N} lines with {\"seconds\": …}.")

    @OptionGroup var options: ModelOptions

    private struct Request: Decodable {
        enum Measure: String, Decodable { case sampling, gradient }

        let measure: Measure
        let batch: Int
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
                throw ValidationError("not a request: \(line): \(decodingProblem(error))")
            }
            let seconds =
                switch request.measure {
                case .sampling: engine.sample(batch: request.batch)
                case .gradient: engine.differentiate(batch: request.batch)
                }
            try answer(["seconds": seconds])
        }
    }

    private func answer(_ value: some Encodable) throws {
        print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
        fflush(nil)
    }
}
