import Foundation
import T2Jobs
import T2Core
import T2Formats
import T2TestSupport
import Testing

struct ConfigurationTests {
    static func resolve(_ text: String?, _ assignments: [ConfigurationSource.Assignment] = []) throws
        -> ResolvedConfiguration
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/math.yaml"
        if let text { try AtomicFile.write(text, to: path) }
        return try ConfigurationSource(file: text == nil ? nil : path, assignments: assignments)
            .resolve(currentFolder: "/somewhere")
    }

    static func flag(_ key: String, _ value: String) -> ConfigurationSource.Assignment {
        .init(key: key, value: value, location: "--\(key)")
    }

    @Test("absent keys keep their defaults and the command line wins over the file")
    func layers() throws {
        let resolved = try Self.resolve(
            "steps: 12\nlearning-rate: 5e-3\ntarget-modules: mlp # comment\n",
            [Self.flag("steps", "7"), Self.flag("advantage", "none")])
        #expect(resolved.configuration.steps == 7)
        #expect(resolved.configuration.learningRate == 5e-3)
        #expect(resolved.configuration.targetModules == .mlp)
        #expect(resolved.configuration.advantage == .none)
        #expect(resolved.configuration.promptsPerStep == RunConfiguration().promptsPerStep)
        #expect(resolved.locations["steps"] == "--steps")
        #expect(resolved.locations["learning-rate"] == "math.yaml:2")
    }

    @Test("paths in the file are relative to it, those of the command line to the current folder")
    func paths() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/math.yaml"
        try AtomicFile.write("model: base\n", to: path)
        let base = URL(fileURLWithPath: folder.path).standardizedFileURL.path
        let fromFile = try ConfigurationSource(file: path, assignments: []).resolve(currentFolder: "/somewhere")
            .configuration
        #expect(fromFile.model == base + "/base")
        #expect(fromFile.data == base + "/data")
        let fromFlags = try ConfigurationSource(
            file: path, assignments: [Self.flag("model", "m/large"), Self.flag("data", "../d")]
        ).resolve(currentFolder: "/somewhere").configuration
        #expect(fromFlags.model == "/somewhere/m/large")
        #expect(fromFlags.data == "/d")
    }

    @Test(
        "a saved file that was cut off is refused by its name, and a whole one says the same", arguments: [0.02, nil])
    func cutOff(audit: Double?) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/configuration.yaml"
        var configuration = RunConfiguration()
        configuration.audit = audit
        let whole = try ResolvedConfiguration(configuration: configuration).yaml()
        func resolved(_ text: String) throws -> RunConfiguration {
            try AtomicFile.write(text, to: path)
            return try ConfigurationSource(file: path, isSaved: true, assignments: []).resolve().configuration
        }
        #expect(try resolved(whole).audit == audit)
        let lines = whole.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        for count in 0..<lines.count {
            let text = lines.prefix(count).map { $0 + "\n" }.joined()
            let error = #expect(throws: ConfigurationError.self) { try resolved(text) }
            #expect(error?.description.contains("\(path): incomplete: ") == true, "\(error as Any)")
        }
    }

    @Test("a task's own limit of tokens counts where none is given")
    func taskLimit() throws {
        func limit(_ text: String) throws -> Int { try Self.resolve(text).configuration.maxTokens }
        #expect(try limit("task: gsm8k\n") == 512)
        #expect(try limit("task: classify-published\n") == 16)
        #expect(try limit("task: gsm8k\nmax-tokens: 48\n") == 48)
        #expect(try limit("task: gsm-mini\n") == 64)
    }

    @Test("an unknown key is refused with file, line and the nearest key")
    func unknownKey() {
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.resolve("steps: 3\nlerning-rate: 1\n") }
        #expect(error?.description == "math.yaml:2: there is no key 'lerning-rate'. Did you mean 'learning-rate'?")
        #expect(error?.exitStatus == .configuration)
        let flag = #expect(throws: ConfigurationError.self) {
            _ = try Self.resolve(nil, [.init(setting: "stepz=3")])
        }
        #expect(flag?.description == "--set stepz=3: there is no key 'stepz'. Did you mean 'steps'?")
    }

    @Test("keys that would bias the gradient are refused with the reason", arguments: ["top-k", "top-p"])
    func biased(key: String) {
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.resolve("\(key): 1\n") }
        #expect(error?.description.contains("biases the gradient") == true)
    }

    @Test(
        "a value of the wrong kind is refused with its place and what is expected",
        arguments: [
            ("steps: many", "math.yaml:1: steps: expected a whole number of 1 or more, found 'many'."),
            ("steps: 2.5", "math.yaml:1: steps: expected a whole number of 1 or more, found '2.5'."),
            (
                "target-modules: heads",
                "math.yaml:1: target-modules: expected one of mlp, attention, all, found 'heads'."
            ),
            ("seed: -1", "math.yaml:1: seed: expected a whole number of 0 or more, found '-1'."),
            ("learning-rate: [1, 2]", "math.yaml:1: learning-rate: expected a number above 0, found several values."),
        ])
    func wrongKind(text: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.resolve(text) }
        #expect(error?.description == message)
    }

    @Test("a file that is no mapping is refused", arguments: ["- a\n- b\n", "just words\n", "a: [1\n"])
    func noMapping(text: String) {
        #expect(throws: ConfigurationError.self) { _ = try Self.resolve(text) }
    }

    @Test(
        "a file that is no YAML is refused on one line, with the place and what YAML's reader says",
        arguments: [
            ("a: [1\n", "math.yaml:2:1: not YAML: did not find expected ',' or ']'. Write one 'key: value' per line."),
            (
                "a: 1: 2\n",
                "math.yaml:1:5: not YAML: mapping values are not allowed in this context. "
                    + "Write one 'key: value' per line."
            ),
            ("steps: 3\nsteps: 4\n", "math.yaml: given more than once: steps. Keep one line for each."),
            (
                "steps: \u{1}\n",
                "math.yaml: not YAML: control characters are not allowed. Save it as UTF-8 text, "
                    + "one 'key: value' per line."
            ),
        ])
    func notYAML(text: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.resolve(text) }
        #expect(error?.description == message)
        #expect(error?.exitStatus == .configuration)
    }

    @Test("a file that is not there is no input")
    func missingFile() {
        let error = #expect(throws: SystemError.self) {
            _ = try ConfigurationSource(file: "/nowhere/at-all.yaml", assignments: []).resolve()
        }
        #expect(error?.exitStatus == .noInput)
    }

    @Test(
        "impossible values are refused",
        arguments: [
            ("steps", "0"), ("prompts-per-step", "0"), ("samples-per-prompt", "0"), ("prompts-per-unit", "129"),
            ("prompts-per-unit", "0"), ("temperature", "0"), ("temperature", ".inf"), ("max-tokens", "64"),
            ("max-tokens", "0"),
            ("learning-rate", "-0.01"), ("learning-rate", ".nan"), ("adam-beta1", "1"), ("adam-epsilon", "0"),
            ("clip-norm", "0"), ("kl-coefficient", "-1"), ("warm-up-steps", "30"), ("evaluate-every", "0"),
            ("validation-problems", "0"), ("patience", "-1"), ("weight-decay", "-0.1"),
            ("advantage", "group-mean"), ("advantage", "group-normalized"),
        ])
    func impossible(key: String, value: String) throws {
        let resolved = try Self.resolve(nil, [Self.flag("max-tokens", "32"), Self.flag(key, value)])
        let error = #expect(throws: ConfigurationError.self) { try resolved.check(contextLength: 64) }
        #expect(error?.description.contains("--\(key)") == true)
        #expect(error?.exitStatus == .configuration)
    }

    @Test("all impossible values are named at once")
    func several() throws {
        let resolved = try Self.resolve("steps: 0\nmax-tokens: 500\n")
        let error = #expect(throws: ConfigurationError.self) { try resolved.check(contextLength: 64) }
        #expect(
            error?.problems.map(\.location) == ["math.yaml:1: steps", "math.yaml:2: max-tokens"])
    }

    @Test(
        "a unit that no message can carry is refused with the largest values that it can",
        arguments: [
            (
                ["samples-per-prompt=1000", "prompts-per-unit=128"],
                "--set prompts-per-unit=128: prompts-per-unit: expected at most 65 with samples-per-prompt 1000: a message carries "
                    + "at most 65536 completions of 64 tokens, found 128. Or lower samples-per-prompt to 512."
            ),
            (
                ["samples-per-prompt=8", "max-tokens=4194304"],
                "--set samples-per-prompt=8: samples-per-prompt: expected at most 4: a message carries at most 4 completions of "
                    + "4194304 tokens, found 8."
            ),
        ])
    func unitTooLarge(settings: [String], message: String) throws {
        func resolve(_ settings: [String]) throws -> ResolvedConfiguration {
            try Self.resolve(nil, settings.map(ConfigurationSource.Assignment.init(setting:)))
        }
        let resolved = try resolve(["prompts-per-step=128", "max-tokens=64"] + settings)
        let error = #expect(throws: ConfigurationError.self) { try resolved.check(contextLength: 1 << 23) }
        #expect(error?.problems.map { "\($0.location): \($0.message)" }.first == message)
        try resolve(["prompts-per-step=128", "samples-per-prompt=512", "prompts-per-unit=128"])
            .check(contextLength: 1 << 23)
    }

    @Test("the defaults are possible")
    func defaults() throws {
        try Self.resolve(nil).check(contextLength: 256)
    }

    @Test("the saved configuration gives the same one again, bit for bit")
    func roundTrip() throws {
        let resolved = try Self.resolve(
            "learning-rate: 0.00123\nclip-norm: 1e-3\nseed: 18446744073709551615\nadam-epsilon: 1e-8\n")
        #expect(try Self.resolve(resolved.yaml()).configuration == resolved.configuration)
    }
}
