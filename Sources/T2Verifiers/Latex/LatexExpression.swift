/// A LaTeX answer in normal form.
///
/// The normal form of an expression does not depend on how it is written: sums and products are flat and sorted,
/// numbers are folded, `a/b` is a·b⁻¹ and √a is a^(1/2), and a part with an exact value is that number. Expressions are
/// not expanded, factored, reduced, nor are like terms collected: `x^2+2x+1` is not `(x+1)^2`, because tasks ask for a
/// given form. A number never equals an expression with variables.
///
/// Invariant: two expressions have the same `key` exactly if their normal forms are equal; `value` is nil for an
/// expression with a variable.
struct LatexExpression {
    enum Kind: Equatable {
        // Indirect, because a parser keeps many expressions on the stack, and a Rational has 80 bytes.
        indirect case number(Rational)
        /// A variable, a constant or a word.
        case symbol(String)
        case sum
        case product
        /// The children are the base and the exponent.
        case power
        case function(String)
        /// The children are the base and the subscript.
        case subscripted
        /// One or two terms around ± or ∓.
        case plusMinus(Character)
        /// A chain such as 1 < x ≤ 2.
        case relation([Character])
        /// Items separated by commas, without brackets.
        case list
        /// A tuple or interval: opening and closing bracket.
        case bracketed(Character, Character)
        case set
        /// ∪ or ∩; the order of the children does not count.
        case combination(Character)
        /// ∖
        case difference
        /// Rows of cells; a matrix in round brackets is the same as one in square brackets.
        case matrix(String, columns: [Int])

        /// A text that differs for different kinds.
        fileprivate var name: String {
            switch self {
            case .number: "number"
            case .symbol(let name): "symbol \(name)"
            case .sum: "sum"
            case .product: "product"
            case .power: "power"
            case .function(let name): "function \(name)"
            case .subscripted: "subscripted"
            case .plusMinus(let sign): String(sign)
            case .relation(let signs): "relation \(String(signs))"
            case .list: "list"
            case .bracketed(let opening, let closing): "bracketed \(opening) \(closing)"
            case .set: "set"
            case .combination(let sign): String(sign)
            case .difference: "difference"
            case .matrix(let name, let columns): "matrix \(name) \(columns)"
            }
        }
    }

    let kind: Kind
    let children: [LatexExpression]
    let value: ConstantValue?
    let key: String

    /// - Parameter value: the number that the expression stands for; an exact value replaces the expression.
    init(_ kind: Kind, _ children: [LatexExpression] = [], value: ConstantValue? = nil) {
        if let exact = value?.exact {
            self.kind = .number(exact)
            self.children = []
            key = "#[\(exact.numerator)]/[\(exact.denominator)]"
        } else {
            self.kind = kind
            self.children = children
            // A name may hold any character, so its length comes first.
            let name = kind.name
            key = "(\(name.utf8.count):\(name)\(children.map { " \($0.key)" }.joined()))"
        }
        self.value = value
    }

    static func number(_ value: Rational) -> LatexExpression {
        LatexExpression(.number(value), value: .exact(value))
    }

    private static let constants = ["pi": Double.pi, "e": 2.718281828459045]

    static func symbol(_ name: String) -> LatexExpression {
        LatexExpression(.symbol(name), value: constants[name].map { .approximate($0) })
    }

    /// A single item is no list.
    static func list(_ items: [LatexExpression]) -> LatexExpression {
        items.count == 1 ? items[0] : LatexExpression(.list, items)
    }

    /// True for equal normal forms, equal values, or the same form with equal parts.
    ///
    /// - Cost: at most the product of the sizes of both.
    func isEqual(to other: LatexExpression) -> Bool {
        if key == other.key { return true }
        if let value, let theirs = other.value { return value == theirs }
        guard kind == other.kind, children.count == other.children.count, !children.isEmpty else { return false }
        // A constant without a value is too large for one, so it differs from a constant with one.
        guard value == nil, other.value == nil else { return false }
        switch kind {
        case .sum, .product, .set, .combination: break
        default: return zip(children, other.children).allSatisfy { $0.isEqual(to: $1) }
        }
        var unmatched = other.children
        for child in children {
            let index = unmatched.firstIndex { $0.key == child.key } ?? unmatched.firstIndex { child.isEqual(to: $0) }
            guard let index else { return false }
            unmatched.remove(at: index)
        }
        return true
    }
}
