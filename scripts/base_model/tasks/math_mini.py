"""math-mini (unseen): expressions and linear equations, answered `steps\\n\\boxed{number}`."""

from random import Random

from .problem import Problem

VERBS = ("Compute", "Evaluate", "Find")

# The worked steps, the final result, and the result before the last step.
Solution = tuple[list[str], int, int]


def generate(rng: Random) -> Problem:
    topic = rng.choice(["two", "three", "shift", "linear", "bracket"])
    verb = rng.choice(VERBS)
    if topic == "two" or topic == "three":
        expression, solution = _chain(rng, 1 if topic == "two" else 2)
        statement = f"{verb} {expression}."
    elif topic == "bracket":
        left, right, factor = rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 6)
        total = left + right
        statement = f"{verb} ({left}+{right})*{factor}."
        solution = [f"{left}+{right}={total}", f"{total}*{factor}={total * factor}"], total * factor, total
    else:
        statement, solution = _equation(rng, topic)
    steps, result, before_last = solution
    careless, share = _careless(rng, topic, solution)
    return Problem(
        topic=topic,
        prompt=f"Problem: {statement}\nSolution:",
        careful=" " + " ".join(step + "." for step in steps) + boxed(result),
        careless=careless,
        careless_share=share,
        answer=str(result),
    )


def _chain(rng: Random, extra_terms: int) -> tuple[str, Solution]:
    """A product followed by sums and differences."""
    left, right = rng.randint(2, 6), rng.randint(2, 6)
    value = before = left * right
    expression, steps = f"{left}*{right}", [f"{left}*{right}={value}"]
    for _ in range(extra_terms):
        term, before = rng.randint(2, 9), value
        operator = "-" if value > term and rng.random() < 0.5 else "+"
        value = value - term if operator == "-" else value + term
        expression += f"{operator}{term}"
        steps.append(f"{before}{operator}{term}={value}")
    return expression, (steps, value, before)


def _equation(rng: Random, topic: str) -> tuple[str, Solution]:
    unknown, shift = rng.choice("abkmnxyz"), rng.randint(2, 9)
    if topic == "shift":
        value = rng.randint(2, 30)
        total = value + shift
        return f"Solve {unknown}+{shift}={total} for {unknown}.", ([f"{total}-{shift}={value}"], value, total)
    value, factor = rng.randint(2, 9), rng.randint(2, 6)
    product = factor * value
    total = product + shift
    steps = [f"{total}-{shift}={product}", f"{product}/{factor}={value}"]
    return f"Solve {factor}{unknown}+{shift}={total} for {unknown}.", (steps, value, product)


def _careless(rng: Random, topic: str, solution: Solution) -> tuple[str, float]:
    """No steps at all, or all but the last."""
    steps, result, before_last = solution
    if len(steps) > 1 and rng.random() < 0.6:
        text = " " + " ".join(step + "." for step in steps[:-1]) + boxed(before_last)
    else:
        text = boxed(result)
    return text, 0.35 if topic in ("two", "shift") else 0.62


def boxed(value: int) -> str:
    return f"\n\\boxed{{{value}}}"
