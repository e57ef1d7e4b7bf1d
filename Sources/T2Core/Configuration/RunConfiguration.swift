/// Everything that determines a run, under the key names of a configuration file.
///
/// Defaults are the recipe for a small model; the published settings for 7B–70B models are in Sources/T2Jobs/README.md.
package struct RunConfiguration: Sendable, Equatable, Codable {
    /// Base model folder; relative to the configuration file.
    package var model = "base"
    /// Folder that holds one folder per task; `data` beside the model folder if absent.
    package var data: String?
    /// The name of a task, or the folder of the user's own task.
    package var task = "gsm-mini"
    package var onBadRecord = BadRecordHandling.fail
    package var onLongPrompt = LongPromptHandling.fail
    /// The system message before each prompt; absent for none, or for the one that the chat template writes by itself.
    package var system: String?
    /// The day that the chat template's clock shows. A run whose template reads a clock records the day of its start.
    package var date: CalendarDate?
    /// The type in which every worker holds the weights. A run records the one that `auto` stands for at its start.
    package var weights = WeightChoice.auto
    package var steps = 30
    package var seed: UInt64 = 0

    package var adapter = AdapterKind.svf
    /// LoRA's r; absent for SVF.
    package var rank: Int?
    /// LoRA's α; absent for SVF.
    package var alpha: Float?
    package var targetModules = TargetModules.all
    package var parameterisation = ParameterisationKind.direct

    package var promptsPerStep = 128
    package var samplesPerPrompt = 1
    package var promptsPerUnit = 16
    package var temperature: Float = 1
    package var maxTokens = 64

    package var advantage = AdvantageKind.unitMean
    package var klCoefficient: Float = 0
    package var klDirection = KLDirection.policyReference
    package var klEstimator = KLEstimator.exact
    /// Steps between two measurements of the KL divergence if its coefficient is 0; 0 never measures it.
    package var reportKLEvery = 10

    package var learningRate = AdapterKind.svf.defaultLearningRate
    package var schedule = LearningRateSchedule.constant
    package var warmUpSteps = 0
    package var weightDecay: Float = 0
    package var adamBeta1: Float = 0.9
    package var adamBeta2: Float = 0.999
    package var adamEpsilon: Float = 1e-8
    /// Largest global norm of the gradient after clipping.
    package var clipNorm: Float = 1e-3

    /// Steps between two evaluations on the validation split; the last step is always evaluated.
    package var evaluateEvery = 10
    /// Largest number of validation problems.
    package var validationProblems = 200
    /// Evaluations without improvement after which the run ends; 0 disables early stopping.
    package var patience = 0
    /// Share of a step's sequences without a reward at the first try above which the run stops.
    package var missingLimit: Double = 0.25
    /// The share of units that a second worker computes too, to compare the results. Absent means none; it changes no result.
    package var audit: Double?

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case model, data, task
        case onBadRecord = "on-bad-record"
        case onLongPrompt = "on-long-prompt"
        case system, date, weights
        case steps, seed, adapter, rank, alpha
        case targetModules = "target-modules"
        case parameterisation
        case promptsPerStep = "prompts-per-step"
        case samplesPerPrompt = "samples-per-prompt"
        case promptsPerUnit = "prompts-per-unit"
        case temperature
        case maxTokens = "max-tokens"
        case advantage
        case klCoefficient = "kl-coefficient"
        case klDirection = "kl-direction"
        case klEstimator = "kl-estimator"
        case reportKLEvery = "report-kl-every"
        case learningRate = "learning-rate"
        case schedule
        case warmUpSteps = "warm-up-steps"
        case weightDecay = "weight-decay"
        case adamBeta1 = "adam-beta1"
        case adamBeta2 = "adam-beta2"
        case adamEpsilon = "adam-epsilon"
        case clipNorm = "clip-norm"
        case evaluateEvery = "evaluate-every"
        case validationProblems = "validation-problems"
        case patience
        case audit
        case missingLimit = "missing-limit"
    }

    /// Sets LoRA's rank and α if they are absent; the default of α scales B·A by 2.
    package mutating func completeAdapter() {
        guard adapter == .lora else { return }
        let rank = rank ?? AdapterKind.defaultRank
        self.rank = rank
        alpha = alpha ?? 2 * Float(rank)
    }

    /// Absent keys keep their defaults.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
            if container.contains(key) { value = try container.decode(Value.self, forKey: key) }
        }
        try read(.model, into: &model)
        data = try container.decodeIfPresent(String.self, forKey: .data)
        try read(.task, into: &task)
        try read(.onBadRecord, into: &onBadRecord)
        try read(.onLongPrompt, into: &onLongPrompt)
        system = try container.decodeIfPresent(String.self, forKey: .system)
        date = try container.decodeIfPresent(CalendarDate.self, forKey: .date)
        try read(.weights, into: &weights)
        try read(.steps, into: &steps)
        try read(.seed, into: &seed)
        try read(.adapter, into: &adapter)
        rank = try container.decodeIfPresent(Int.self, forKey: .rank)
        alpha = try container.decodeIfPresent(Float.self, forKey: .alpha)
        try read(.targetModules, into: &targetModules)
        try read(.parameterisation, into: &parameterisation)
        try read(.promptsPerStep, into: &promptsPerStep)
        try read(.samplesPerPrompt, into: &samplesPerPrompt)
        try read(.promptsPerUnit, into: &promptsPerUnit)
        try read(.temperature, into: &temperature)
        try read(.maxTokens, into: &maxTokens)
        try read(.advantage, into: &advantage)
        try read(.klCoefficient, into: &klCoefficient)
        try read(.klDirection, into: &klDirection)
        try read(.klEstimator, into: &klEstimator)
        try read(.reportKLEvery, into: &reportKLEvery)
        try read(.learningRate, into: &learningRate)
        try read(.schedule, into: &schedule)
        try read(.warmUpSteps, into: &warmUpSteps)
        try read(.weightDecay, into: &weightDecay)
        try read(.adamBeta1, into: &adamBeta1)
        try read(.adamBeta2, into: &adamBeta2)
        try read(.adamEpsilon, into: &adamEpsilon)
        try read(.clipNorm, into: &clipNorm)
        try read(.evaluateEvery, into: &evaluateEvery)
        try read(.validationProblems, into: &validationProblems)
        try read(.patience, into: &patience)
        try read(.missingLimit, into: &missingLimit)
        audit = try container.decodeIfPresent(Double.self, forKey: .audit)
    }
}
