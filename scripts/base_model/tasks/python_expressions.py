"""English descriptions of Python expressions: the material of mbpp-mini and humaneval-mini.

Each family returns a `Description`: what the function returns in words, its parameters, the careful
expression and a careless one (a dropped condition, forgotten brackets, a missing last term).
"""

from dataclasses import dataclass
from random import Random

LIST_NAMES = ("xs", "nums", "vals")
SCALAR_PAIRS = (("a", "b"), ("x", "y"), ("p", "q"), ("m", "n"))
_PARITY_AND_SIGN = {"even": "x%2==0", "odd": "x%2==1", "positive": "x>0", "negative": "x<0"}


@dataclass(frozen=True)
class Description:
    topic: str
    english: str
    parameters: tuple[str, ...]
    careful: str
    careless: str
    careless_share: float


def scalar(rng: Random) -> Description:
    """One or two numbers, one or two operations."""
    a, b = rng.choice(SCALAR_PAIRS)
    term, factor = rng.randint(1, 9), rng.randint(2, 9)
    forms = [
        (f"{a} times {factor} plus {term}", (a,), f"{a}*{factor}+{term}", f"{a}*{factor}"),
        (f"{a} times {factor} minus {term}", (a,), f"{a}*{factor}-{term}", f"{a}*{factor}"),
        (f"the square of {a} plus {term}", (a,), f"{a}*{a}+{term}", f"{a}*{a}"),
        (f"the sum of {a} and {b} times {factor}", (a, b), f"({a}+{b})*{factor}", f"{a}+{b}*{factor}"),
        (f"the larger of {a} and {b} plus {term}", (a, b), f"max({a},{b})+{term}", f"max({a},{b})"),
        (f"the smaller of {a} and {b} minus {term}", (a, b), f"min({a},{b})-{term}", f"min({a},{b})"),
        (f"the difference of {a} and {b} plus {term}", (a, b), f"{a}-{b}+{term}", f"{a}-{b}"),
        (f"the remainder of {a} divided by {factor}", (a,), f"{a}%{factor}", f"{a}/{factor}"),
    ]
    index = rng.randrange(len(forms))
    english, parameters, careful, careless = forms[index]
    return Description("scalar", english, parameters, careful, careless, 0.62 if index < 3 else 0.3)


def listing(rng: Random, filtered: bool, mapped: bool) -> Description:
    """A list with at most one filter and one map, then a reduction."""
    name, term = rng.choice(LIST_NAMES), rng.randint(1, 9)
    adjective, tail, condition = _filter(rng, term) if filtered else ("", "", "")
    prefix, element = _map(rng) if mapped else ("", "x")
    reduction = rng.choices(["sum", "max", "min", "list", "len"], [0.3, 0.2, 0.2, 0.2, 0.1 if filtered else 0.0])[0]
    english = f"{_REDUCTIONS[reduction]} {prefix}the {adjective}numbers in {name}{tail}"
    careful = _comprehension(reduction, element, name, condition)
    if condition and (not mapped or tail):
        careless, share = _comprehension(reduction, element, name, ""), 0.65 if tail else 0.25
    elif mapped:
        careless = _comprehension(reduction, "x", name, condition)
        share = 0.62 if "times" in prefix or "plus" in prefix else 0.25
    else:
        careless, share = _comprehension("max" if reduction != "max" else "min", element, name, condition), 0.25
    topic = "list" + ("-filter" if filtered else "") + ("-map" if mapped else "")
    return Description(topic, english, (name,), careful, careless, share)


def pipeline(rng: Random) -> Description:
    """Two filters, a map, a reduction and a last term."""
    name = rng.choice(LIST_NAMES)
    adjective, condition = rng.choice(list(_PARITY_AND_SIGN.items())[:2])
    low = rng.randint(1, 9)
    above = rng.random() < 0.5
    tail = f" {'greater' if above else 'less'} than {low}"
    bound = f"x>{low}" if above else f"x<{low}"
    prefix, element = _map(rng)
    reduction = rng.choice(["sum", "max", "min"])
    plus, term = rng.random() < 0.5, rng.randint(1, 9)
    ending = f"{'plus' if plus else 'minus'} {term}"
    english = f"{_REDUCTIONS[reduction]} {prefix}the {adjective} numbers in {name}{tail} {ending}"
    last = f"{'+' if plus else '-'}{term}"
    careful = _comprehension(reduction, element, name, f"{condition} and {bound}") + last
    careless = _comprehension(reduction, element, name, condition) + last
    return Description("pipeline", english, (name,), careful, careless, 0.62)


def branch(rng: Random) -> Description:
    """One of two expressions, chosen by a condition."""
    a, b = rng.choice(SCALAR_PAIRS)
    limit = rng.randint(2, 20)
    english_test, test = rng.choice([
        (f"{a} is even", f"{a}%2==0"), (f"{a} is odd", f"{a}%2==1"),
        (f"{a} is greater than {b}", f"{a}>{b}"), (f"{a} is less than {b}", f"{a}<{b}"),
        (f"{b} is greater than {limit}", f"{b}>{limit}"), (f"{a} is less than {limit}", f"{a}<{limit}"),
    ])
    (english_yes, yes), (english_no, no) = _small(rng, a, b), _small(rng, b, a)
    english = f"{english_yes} if {english_test} and otherwise {english_no}"
    return Description("branch", english, (a, b), f"{yes} if {test} else {no}", yes, 0.6)


def nested(rng: Random) -> Description:
    """A tree of operations told in prefix order, with brackets to set."""
    a, b = rng.choice(SCALAR_PAIRS)
    first, second = _tree(rng, (a, b), 2), _tree(rng, (a, b), rng.choice([1, 1, 2]))
    if rng.random() < 0.5:
        first, second = second, first
    words, form = rng.choice(OPERATIONS)
    english = f"{words} of {first[0]} and {second[0]}"
    careful = form(_bracketed(first[1]), _bracketed(second[1]))
    careless = form(first[1], second[1])
    if careless == careful:
        careless = first[1]
    return Description("nested", english, (a, b), careful, careless, 0.4)


_REDUCTIONS = {
    "sum": "the sum of", "max": "the largest of", "min": "the smallest of",
    "list": "the list of", "len": "the count of",
}
OPERATIONS = [
    ("the sum", lambda left, right: f"{left}+{right}"),
    ("the difference", lambda left, right: f"{left}-{right}"),
    ("the product", lambda left, right: f"{left}*{right}"),
    ("the larger", lambda left, right: f"max({left},{right})"),
    ("the smaller", lambda left, right: f"min({left},{right})"),
]


def _filter(rng: Random, limit: int) -> tuple[str, str, str]:
    """(adjective before the noun, clause after it, Python condition); one of the two is empty."""
    choice = rng.randrange(6)
    if choice == 4:
        return "", f" greater than {limit}", f"x>{limit}"
    if choice == 5:
        return "", f" less than {limit}", f"x<{limit}"
    adjective, condition = list(_PARITY_AND_SIGN.items())[choice]
    return adjective + " ", "", condition


def _map(rng: Random) -> tuple[str, str]:
    factor = rng.randint(2, 9)
    return rng.choice([
        ("the squares of ", "x*x"), ("the doubles of ", "x*2"),
        (f"{factor} times ", f"x*{factor}"), (f"{factor} plus ", f"x+{factor}"),
    ])


def _comprehension(reduction: str, element: str, name: str, condition: str) -> str:
    body = f"{element} for x in {name}" + (f" if {condition}" if condition else "")
    if reduction == "sum":
        return f"sum({body})"
    if reduction == "list":
        return f"[{body}]"
    return f"{reduction}([{body}])"


def _small(rng: Random, a: str, b: str) -> tuple[str, str]:
    number = rng.randint(2, 9)
    return rng.choice([
        (f"{a} plus {number}", f"{a}+{number}"), (f"{a} times {number}", f"{a}*{number}"),
        (f"{a} minus {b}", f"{a}-{b}"), (f"{a} plus {b}", f"{a}+{b}"),
    ])


def _tree(rng: Random, variables: tuple[str, str], depth: int) -> tuple[str, str]:
    """(English, expression): a variable or number at depth 1, an operation of two of them at depth 2."""
    if depth == 1:
        leaf = rng.choice(variables) if rng.random() < 0.6 else str(rng.randint(2, 9))
        return leaf, leaf
    left, right = rng.choice(variables), str(rng.randint(2, 9))
    if rng.random() < 0.4:
        left, right = variables if rng.random() < 0.5 else variables[::-1]
    words, form = rng.choice(OPERATIONS)
    return f"{words} of {left} and {right}", form(left, right)


def _bracketed(expression: str) -> str:
    """Brackets round a sum, difference or product; a name, number or call needs none."""
    plain = expression.isalnum() or expression.startswith(("max(", "min("))
    return expression if plain else f"({expression})"
