/// The commands and words of LaTeX answers.
enum LatexVocabulary {
    /// Commands for layout and style, which are ignored.
    static let ignored: Set<String> = [
        "!", "/", "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl",
        "biggr", "Biggl", "Biggr", "displaystyle", "textstyle", "limits", "nolimits", "hline", "rm", "bf", "it",
        "mathbf", "boldsymbol", "bold", "bm", "mathit", "mathsf", "mathtt", "emph", "nonumber", "boxed", "fbox", "%",
        "$", "#", "textdollar", "pounds", "euro", "(", ")", "[", "]",
    ]
    /// Commands whose argument is a text.
    static let text: Set<String> = [
        "text", "textbf", "textit", "textrm", "textsf", "textnormal", "mbox", "hbox", "mathrm", "operatorname",
    ]
    /// The common name of each synonym.
    static let synonyms: [String: String] = [
        "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom",
        "varnothing": "emptyset", "infinity": "infty", "inf": "infty", "widehat": "hat", "bar": "overline",
        "overrightarrow": "vec", "tg": "tan", "ctg": "cot", "Bbb": "mathbb", "dots": "ldots", "cdots": "ldots",
        "varphi": "phi", "varepsilon": "epsilon", "vartheta": "theta",
    ]
    static let symbols: [String: Character] = [
        "cdot": "*", "times": "*", "ast": "*", "div": "/", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "leqslant": "≤",
        "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠", "lt": "<", "gt": ">", "approx": "≈", "in": "∈",
        "notin": "∉", "mid": "∣", "to": "→", "rightarrow": "→", "mapsto": "→", "Rightarrow": "⇒", "implies": "⇒",
        "iff": "⇔", "equiv": "≡", "cong": "≅", "sim": "∼", "subset": "⊂", "subseteq": "⊆", "parallel": "∥", "perp": "⊥",
        "cup": "∪", "bigcup": "∪", "cap": "∩", "bigcap": "∩", "setminus": "∖", "backslash": "∖", "lvert": "|",
        "rvert": "|", "vert": "|", "colon": ":", "langle": "⟨", "rangle": "⟩", "lbrack": "[", "rbrack": "]",
        "lparen": "(", "rparen": ")", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "prime": "'",
    ]
    /// The common character of each synonym.
    static let characters: [Character: Character] = [
        "\u{2212}": "-", "\u{2013}": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "′": "'",
    ]
    static let characterNames: [Character: String] = [
        "π": "pi", "∞": "infty", "θ": "theta", "∅": "emptyset", "…": "ldots",
    ]
    static let relations: Set<Character> = [
        "=", "<", ">", "≤", "≥", "≠", "≈", "∈", "∉", "∣", "→", "⇒", "⇔", "≡", "≅", "∼", "⊂", "⊆", "∥", "⊥", ":",
    ]
    static let functions: Set<String> = [
        "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "ln",
        "lg", "exp", "det", "gcd", "lcm", "min", "max", "deg", "abs",
    ]
    /// Commands with one argument that qualify it.
    static let accents: Set<String> = [
        "overline", "underline", "vec", "hat", "tilde", "dot", "mathbb", "mathcal", "widetilde",
    ]
    static let commands = functions.union(accents).union(["frac", "sqrt", "binom", "choose", "over"])
    /// Names that are commands even without a backslash.
    static let plainNames = functions.union(["sqrt", "pi", "infty", "infinity", "inf", "emptyset"])
    /// Units that may follow a number without `\text`. Single letters are left out because they are variables.
    static let units: Set<String> = [
        "units", "unit", "square", "sq", "cubic", "cm", "mm", "km", "inch", "inches", "feet", "foot", "ft", "yard",
        "yards", "meter", "meters", "metre", "metres", "mile", "miles", "mph", "degree", "degrees", "radians", "dollar",
        "dollars", "cent", "cents", "hour", "hours", "minute", "minutes", "min", "second", "seconds", "sec", "day",
        "days", "week", "weeks", "month", "months", "year", "years", "gram", "grams", "kg", "liter", "liters",
        "percent", "usd", "ways", "people", "students", "points", "times", "per", "centimeters", "kilometers",
        "millimeters", "pounds", "ounces",
    ]
}
