import ArgumentParser
import Foundation
import T2Core
import T2Sandbox

/// Measures the rate at which the sandbox judges programs, including its processes and namespaces.
struct SandboxBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Measures how many programs the sandbox judges per second: small functions, half of them wrong.")

    @Option(help: "Maximum number of programs at once.")
    var parallelism = 2

    @Option(help: "Programs in one round.")
    var programs = 400

    @Option(help: "Rounds, after one warm-up round.")
    var rounds = 7

    @Flag(help: "Measure without bubblewrap. The programs are harmless.")
    var withoutBubblewrap = false

    func validate() throws {
        try Bench.check([("--parallelism", parallelism), ("--programs", programs), ("--rounds", rounds)])
    }

    func run() throws {
        let sandbox = try ProgramSandbox(parallelism: parallelism, isolation: withoutBubblewrap ? .none : .bubblewrap)
        let batch = (0..<programs).map { Self.programs[$0 % Self.programs.count] }
        var rates: [Double] = []
        for round in 0...rounds {
            var results: [ProgramResult] = []
            let duration = seconds { results = sandbox.run(batch) }
            for case .notRun(let reason) in results {
                throw InputError(
                    "program sandbox", "a program was not run: \(reason)", remedy: "Run the same command again.",
                    exitStatus: .unavailable)
            }
            if round > 0 { rates.append(Double(programs) / duration) }
        }
        rates.sort()
        print(
            String(
                format: "%d at once, %@: %.0f programs/s (median of %d rounds of %d; %.0f to %.0f)", parallelism,
                sandbox.isolation == .none ? "without bubblewrap" : "bubblewrap", rates[rates.count / 2], rounds,
                programs, rates[0], rates[rates.count - 1]))
    }

    private static let programs = [
        Program(
            source: "def count_vowels(text):\n    return sum(letter in 'aeiou' for letter in text.lower())",
            tests: [
                "assert count_vowels('Harbour') == 3", "assert count_vowels('') == 0",
                "assert count_vowels('xyz') == 0",
            ]),
        Program(
            source:
                "import math\ndef is_prime(n):\n    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))",
            tests: ["assert is_prime(97)", "assert not is_prime(1)", "assert is_prime(91) == False"]),
        Program(
            source:
                "from collections import Counter\ndef most_common(words, n):\n    return Counter(words).most_common(n)",
            tests: [
                "assert most_common(['a', 'b', 'a'], 1) == [('a', 2)]", "assert most_common([], 3) == []",
                "assert most_common(['x'], 1) == [('x', 1)]",
            ]),
        Program(
            source: "def merge(first, second):\n    return sorted(first + second, reverse=True)",
            tests: [
                "assert merge([1, 3], [2]) == [1, 2, 3]", "assert merge([], []) == []", "assert merge([1], []) == [1]",
            ]),
        Program(
            source: "def flatten(items):\n    return [x for item in items for x in flatten(item)]",
            tests: [
                "assert flatten([1, [2, [3]]]) == [1, 2, 3]", "assert flatten([]) == []", "assert flatten([[]]) == []",
            ]),
        Program(
            source: "def reverse_words(text)\n    return ' '.join(text.split()[::-1])",
            tests: [
                "assert reverse_words('one two') == 'two one'", "assert reverse_words('') == ''",
                "assert reverse_words('a') == 'a'",
            ]),
    ]
}
