/// Sums, products and powers in normal form.
extension LatexExpression {
    static func sum(_ terms: [LatexExpression]) -> LatexExpression {
        combine(terms, .sum, unit: .zero, fold: { $0 + $1 }, value: { $0 + $1 })
    }

    static func product(_ factors: [LatexExpression]) -> LatexExpression {
        combine(factors, .product, unit: .one, fold: { $0 * $1 }, value: { $0 * $1 })
    }

    static func negated(_ term: LatexExpression) -> LatexExpression { product([.number(Rational(-1)), term]) }

    static func quotient(_ numerator: LatexExpression, _ denominator: LatexExpression) -> LatexExpression {
        product([numerator, power(denominator, .number(Rational(-1)))])
    }

    /// Powers of powers with integer exponents are one power; the reciprocal of a product is the product of
    /// reciprocals.
    static func power(_ base: LatexExpression, _ exponent: LatexExpression) -> LatexExpression {
        if exponent.kind == .number(.one) { return base }
        if exponent.kind == .number(Rational(-1)), base.value == nil {
            if base.kind == .product { return product(base.children.map { power($0, exponent) }) }
            if base.kind == .power, case .number(let inner) = base.children[1].kind, inner.isInteger,
                let negative = -inner
            {
                return power(base.children[0], .number(negative))
            }
        }
        let value = base.value.flatMap { base in exponent.value.flatMap { base.power($0) } }
        return LatexExpression(.power, [base, exponent], value: value)
    }

    static func root(_ radicand: LatexExpression, degree: LatexExpression) -> LatexExpression {
        power(radicand, power(degree, .number(Rational(-1))))
    }

    static func function(_ name: String, _ arguments: [LatexExpression]) -> LatexExpression {
        let values = arguments.compactMap(\.value)
        let value = values.count == arguments.count ? ConstantValue.function(name, values) : nil
        return LatexExpression(.function(name), arguments, value: value)
    }

    /// Flattens the parts, folds the numbers, gathers the other constants into one part, and sorts.
    private static func combine(
        _ parts: [LatexExpression], _ kind: Kind, unit: Rational, fold: (Rational, Rational) -> Rational?,
        value: (ConstantValue, ConstantValue) -> ConstantValue?
    ) -> LatexExpression {
        var numbers: [LatexExpression] = []
        var constants: [LatexExpression] = []
        var variables: [LatexExpression] = []
        func take(_ part: LatexExpression) {
            if part.kind == kind {
                part.children.forEach(take)
            } else if case .number = part.kind {
                numbers.append(part)
            } else if part.value != nil {
                constants.append(part)
            } else {
                variables.append(part)
            }
        }
        parts.forEach(take)

        // All numbers or none in a fixed order; otherwise a result that is too large would depend on the grouping.
        numbers.sort { $0.key < $1.key }
        let folded = numbers.reduce(Rational?.some(unit)) { result, part in
            guard let result, let next = part.value?.exact else { return nil }
            return fold(result, next)
        }
        if let folded {
            if folded != unit { constants.append(.number(folded)) }
        } else {
            constants += numbers
        }
        constants.sort { $0.key < $1.key }
        if constants.count > 1 {
            let total = constants.dropFirst().reduce(constants[0].value) { total, part in
                total.flatMap { total in part.value.flatMap { value(total, $0) } }
            }
            constants = [LatexExpression(kind, constants, value: total)]
        }
        let children = (variables + constants).sorted { $0.key < $1.key }
        if children.count > 1 { return LatexExpression(kind, children) }
        return children.first ?? .number(unit)
    }
}
