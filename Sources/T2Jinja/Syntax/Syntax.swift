/// An expression of a template.
indirect enum Expression: Sendable {
    case literal(TemplateValue)
    case name(String)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case attribute(Expression, String)
    case item(Expression, Expression)
    case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
    case call(Expression, Arguments)
    /// Without a value, a filter of a block: it takes the block's text.
    case filter(Expression?, String, Arguments)
    case test(Expression, String, Arguments)
    case not(Expression)
    case negative(Expression)
    case positive(Expression)
    case binary(BinaryOperator, Expression, Expression)
    /// A chain such as `a < b < c`.
    case comparison(Expression, [(sign: Comparison, right: Expression)])
    case and(Expression, Expression)
    case or(Expression, Expression)
    case concatenation([Expression])
    case conditional(Expression, then: Expression, otherwise: Expression?)
}

enum BinaryOperator: String, Sendable {
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum Comparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

/// The arguments of a call, a filter or a test.
struct Arguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
    /// `*list` and `**dictionary`, whose elements are arguments too.
    var lists: [Expression] = []
    var dictionaries: [Expression] = []
}

/// A parameter of a macro.
struct Parameter: Sendable {
    let name: String
    let standard: Expression?
}

/// What an assignment or a loop gives values to.
indirect enum AssignmentTarget: Sendable {
    case name(String)
    case attribute(String, of: String)
    case tuple([AssignmentTarget])
}

/// A part of a template.
struct Statement: Sendable {
    indirect enum Kind: Sendable {
        case text(TemplateText)
        case output(Expression)
        case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Loop)
        case assignment(AssignmentTarget, Expression)
        /// `{% set name %} … {% endset %}`, whose text may pass filters.
        case capture(AssignmentTarget, filter: Expression?, body: [Statement])
        case macro(String, [Parameter], body: [Statement])
        /// `{% call(x) macro() %} … {% endcall %}`
        case call([Parameter], Expression, body: [Statement])
        case filtered(Expression, body: [Statement])
        /// A block that changes nothing, such as `generation`, which marks what is trained.
        case block([Statement])
        case breakLoop
        case continueLoop
    }

    struct Loop: Sendable {
        let target: AssignmentTarget
        let sequence: Expression
        let condition: Expression?
        let body: [Statement]
        let otherwise: [Statement]
    }

    let kind: Kind
    let line: Int
}
