import Foundation
import T2Core

/// The `adapter_config.json` of a PEFT LoRA folder, which determines how its weights are used.
///
/// Keys that change the computation beyond W + s·B·A are refused by name, and so are unknown keys that have a value.
/// - Source: huggingface/peft 0.21, `tuners/lora/config.py` and `layer.py`.
package struct PEFTConfiguration: Sendable, Equatable {
    /// The r of every matrix that `rank_pattern` does not name.
    package var rank: Int
    /// The α of every matrix that `alpha_pattern` does not name.
    package var alpha: Double
    /// Exceptions to r and α. Each key is a regular expression for the end of a module's name.
    package var rankPattern: [String: Int] = [:]
    package var alphaPattern: [String: Double] = [:]
    /// s = α/√r instead of α/r.
    package var isRankStabilized = false
    /// The ends of module names, such as `q_proj`. They are not read, since the tensors' names contain them.
    package var targetModules: [String] = []
    package var baseModel: String?

    package init(rank: Int, alpha: Double, targetModules: [String], baseModel: String?) {
        self.rank = rank
        self.alpha = alpha
        self.targetModules = targetModules
        self.baseModel = baseModel
    }

    /// - Throws: `SystemError`, or `InputError` naming the key that cannot be used.
    package init(path: String) throws {
        let data = try MappedFile(path: path).data
        let raw: Raw
        do { raw = try JSONDecoder().decode(Raw.self, from: data) } catch {
            throw InputError(
                path, "not a readable adapter configuration: \(decodingProblem(error, in: data))",
                remedy: "Copy it again, or save the adapter again with peft.")
        }
        func refused(_ problem: String, _ remedy: String) -> InputError { InputError(path, problem, remedy: remedy) }
        guard raw.kind == "LORA" else {
            throw refused("peft_type is '\(raw.kind)', expected 'LORA'", "Only LoRA adapters are read.")
        }
        if let key = raw.unsupported.min() {
            throw refused(
                "'\(key)' is set, which changes more than W + s·B·A",
                "Merge the adapter into the model with peft (merge_and_unload), or train it without '\(key)'.")
        }
        self = raw.configuration
        guard rank > 0, alpha.isFinite, alphaPattern.values.allSatisfy(\.isFinite) else {
            throw refused(
                "r is \(rank) and lora_alpha \(alpha), expected r of 1 or more and a finite alpha",
                "Copy the file again.")
        }
    }

    /// The scales s of modules, after checking that they have the configured ranks.
    struct Scales {
        private let configuration: PEFTConfiguration
        private let location: String
        private let ranks: PEFTPattern<Int>
        private let alphas: PEFTPattern<Double>

        /// - Parameter location: the file of the adapter's weights, for errors.
        /// - Throws: `InputError` for a pattern's key that cannot be used.
        init(_ configuration: PEFTConfiguration, location: String) throws {
            (self.configuration, self.location) = (configuration, location)
            ranks = try PEFTPattern(configuration.rankPattern, name: "rank_pattern", location: location)
            alphas = try PEFTPattern(configuration.alphaPattern, name: "alpha_pattern", location: location)
        }

        /// The scale s of a weight.
        ///
        /// - Parameters:
        ///   - module: the module's name, such as `model.layers.0.mlp.gate_proj`.
        ///   - rank: the rank of its tensors.
        /// - Throws: `InputError` for another rank, and if a pattern's keys are contradictory.
        func scale(of module: String, rank: Int) throws -> Float {
            let expected = try ranks.value(of: module) ?? configuration.rank
            guard rank == expected else {
                throw InputError(
                    location, "the factors of \(module) have rank \(rank), adapter_config.json says \(expected)",
                    remedy: "Copy both files of the adapter again.")
            }
            let alpha = try alphas.value(of: module) ?? configuration.alpha
            return Float(alpha / (configuration.isRankStabilized ? Double(rank).squareRoot() : Double(rank)))
        }
    }

    /// Writes the configuration in peft's format.
    ///
    /// - Throws: `SystemError`; an old file is then unchanged.
    package func write(to path: String) throws {
        try AtomicFile.write(try JSONEncoder.sorted(isIndented: true).encode(Written(self)) + Data("\n".utf8), to: path)
    }
}

/// The keys that t2 writes; all others have peft's defaults.
private struct Written: Encodable {
    let peft_type = "LORA"
    let task_type = "CAUSAL_LM"
    let base_model_name_or_path: String?
    let r: Int
    let lora_alpha: Double
    let lora_dropout = 0
    let target_modules: [String]
    let bias = "none"
    let fan_in_fan_out = false
    let inference_mode = true
    let init_lora_weights = true
    let use_rslora: Bool
    let use_dora = false

    init(_ configuration: PEFTConfiguration) {
        base_model_name_or_path = configuration.baseModel
        r = configuration.rank
        lora_alpha = configuration.alpha
        target_modules = configuration.targetModules
        use_rslora = configuration.isRankStabilized
    }
}

private struct Raw: Decodable {
    var kind = "absent"
    /// Absent keys have peft's defaults.
    var configuration = PEFTConfiguration(rank: 8, alpha: 8, targetModules: [], baseModel: nil)
    /// Keys whose values request something that t2 does not support.
    var unsupported: [String] = []

    /// Keys that have no effect on a trained adapter, or whose content follows from the tensors.
    private static let harmless: Set = [
        "auto_mapping", "revision", "task_type", "inference_mode", "peft_version", "lora_dropout", "target_modules",
        "exclude_modules", "layers_to_transform", "layers_pattern", "fan_in_fan_out", "loftq_config",
        "eva_config", "corda_config", "lora_ga_config", "megatron_config", "megatron_core", "qalora_group_size",
        "ensure_weight_tying", "runtime_config",
    ]
    /// Initialisations that leave the base model's weights unchanged.
    private static let harmlessStarts: Set = ["gaussian", "eva", "orthogonal"]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        for key in container.allKeys {
            switch key.stringValue {
            case "peft_type": kind = try container.decode(String.self, forKey: key)
            case "r": configuration.rank = try container.decode(Int.self, forKey: key)
            case "lora_alpha": configuration.alpha = try container.decode(Double.self, forKey: key)
            case "rank_pattern":
                configuration.rankPattern = try container.decodeIfPresent([String: Int].self, forKey: key) ?? [:]
            case "alpha_pattern":
                configuration.alphaPattern = try container.decodeIfPresent([String: Double].self, forKey: key) ?? [:]
            case "use_rslora": configuration.isRankStabilized = try container.decode(Bool.self, forKey: key)
            case "base_model_name_or_path":
                configuration.baseModel = try container.decodeIfPresent(String.self, forKey: key)
            case "init_lora_weights":
                let start = try? container.decode(String.self, forKey: key)
                if let start, !Self.harmlessStarts.contains(start.lowercased()) { unsupported.append(key.stringValue) }
            case "bias":
                if try container.decode(String.self, forKey: key) != "none" { unsupported.append(key.stringValue) }
            case let name where Self.harmless.contains(name): break
            default:
                if try !container.decode(Emptiness.self, forKey: key).isEmpty { unsupported.append(key.stringValue) }
            }
        }
    }

    /// Whether a value of any type is null, false, or an empty list or object.
    private struct Emptiness: Decodable {
        let isEmpty: Bool

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            isEmpty =
                value.decodeNil() || (try? value.decode(Bool.self)) == false
                || (try? decoder.unkeyedContainer())?.isAtEnd == true
                || (try? decoder.container(keyedBy: AnyKey.self))?.allKeys.isEmpty == true
        }
    }
}
