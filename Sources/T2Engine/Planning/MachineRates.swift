import T2Core

/// How fast the machines of a plan compute, as measured on one of them with all of its cores busy, or as given in a file.
package struct MachineRates: Sendable, Equatable, Codable {
    /// The products with weights of one type.
    package struct Products: Sendable, Equatable, Codable {
        /// The rows of x, in ascending order, and the rate with each of these numbers: GFLOP/s of a core.
        package var rows: [Int]
        package var gflops: [Double]
        /// 10⁹ weights that a core packs for a product in a second; only in bfloat16.
        package var packing: Double?

        package init(rows: [Int], gflops: [Double], packing: Double?) {
            (self.rows, self.gflops, self.packing) = (rows, gflops, packing)
        }

        /// Seconds in which a core multiplies `rows` rows by `elements` weights. Between the measured numbers of rows the time grows
        /// linearly; from the largest on, in proportion to the rows.
        package func seconds(_ elements: Double, rows count: Double) -> Double {
            let points = zip(rows, gflops).map { (rows: Double($0), seconds: 2e-9 * Double($0) / $1) }
            let last = points[points.count - 1]
            guard count < last.rows else { return elements * last.seconds * count / last.rows }
            let upper = points.firstIndex { $0.rows > count } ?? 0
            // A pass of less than the least number of rows takes the time of that.
            guard upper > 0 else { return elements * points[0].seconds }
            let (low, high) = (points[upper - 1], points[upper])
            let share = (count - low.rows) / (high.rows - low.rows)
            return elements * (low.seconds + share * (high.seconds - low.seconds))
        }
    }

    package var cores: Int
    /// By type of the weights: `f32`, `bf16`.
    package var products: [String: Products]
    /// GB/s that all cores read together.
    package var memory: Double
    /// 10⁹ multiply-adds of attention that a core makes in a second: of a token with cached positions, and of a whole sequence.
    package var cachedAttention: Double
    package var attention: Double
    /// 10⁹ values of activations that pass through norms, SiLU and rounding on a core in a second.
    package var activations: Double
    /// 10⁹ logits from which a core draws tokens in a second.
    package var draws: Double
    /// 10⁹ logits of which a core computes the loss and its gradient in a second: without the reference model, and with it.
    package var losses: Double
    package var referenceLosses: Double
    /// 10⁹ R³ of square matrices of rank R that a core decomposes in a second.
    package var decompositions: Double

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case cores, products, memory
        case cachedAttention = "cached_attention"
        case attention, activations, draws, losses
        case referenceLosses = "reference_losses"
        case decompositions
    }

    package init(
        cores: Int, products: [String: Products], memory: Double, cachedAttention: Double, attention: Double,
        activations: Double, draws: Double, losses: Double, referenceLosses: Double, decompositions: Double
    ) {
        (self.cores, self.products, self.memory) = (cores, products, memory)
        (self.cachedAttention, self.attention, self.activations) = (cachedAttention, attention, activations)
        (self.draws, self.losses, self.referenceLosses) = (draws, losses, referenceLosses)
        self.decompositions = decompositions
    }

    package subscript(type: WeightType) -> Products? { products[type.rawValue] }

    /// - Throws: `InputError` naming the first value that is no rate.
    package func check(location: String) throws(InputError) {
        func require(_ holds: Bool, _ problem: String) throws(InputError) {
            guard !holds else { return }
            throw InputError(location, problem, remedy: "Write the file again: t2 plan --measure.")
        }
        try require((1...4096).contains(cores), "cores is \(cores), expected 1 to 4096")
        try require(!products.isEmpty, "it has no products, expected those of f32 or bf16")
        for (name, rates) in products.sorted(by: { $0.key < $1.key }) {
            try require(WeightType(rawValue: name) != nil, "products has '\(name)', expected f32 or bf16")
            try require(
                !rates.rows.isEmpty && rates.rows.count == rates.gflops.count && rates.rows[0] > 0
                    && rates.rows.last! < 1 << 30 && zip(rates.rows, rates.rows.dropFirst()).allSatisfy(<),
                "the rows of products \(name) are \(rates.rows) for \(rates.gflops.count) rates, expected ascending numbers, "
                    + "one for each rate")
            for rate in rates.gflops + [rates.packing].compactMap(\.self) {
                try require(Self.isRate(rate), "products \(name) has a rate of \(rate), expected a positive number")
            }
        }
        for (name, rate) in [
            ("memory", memory), ("cached_attention", cachedAttention), ("attention", attention),
            ("activations", activations), ("draws", draws), ("losses", losses),
            ("reference_losses", referenceLosses), ("decompositions", decompositions),
        ] {
            try require(Self.isRate(rate), "\(name) is \(rate), expected a positive number")
        }
    }

    /// Whether a rate is a number that a machine may have.
    private static func isRate(_ rate: Double) -> Bool { rate > 1e-9 && rate < 1e9 }
}
