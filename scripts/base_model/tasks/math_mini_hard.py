"""The hard topics of math-mini: two products, and a product of sums. Pretraining never shows them."""

from random import Random

from .math_mini import VERBS, boxed
from .problem import Problem


def generate(rng: Random) -> Problem:
    topic = rng.choice(["products", "products", "sums"])
    statement, steps, (before_last, result) = (_two_products if topic == "products" else _product_of_sums)(rng)
    return Problem(
        topic=topic,
        prompt=f"Problem: {rng.choice(VERBS)} {statement}.\nSolution:",
        careful=" " + " ".join(step + "." for step in steps) + boxed(result),
        careless=" " + " ".join(step + "." for step in steps[:-1]) + boxed(before_last),
        careless_share=0.62,
        answer=str(result),
    )


def _two_products(rng: Random) -> tuple[str, list[str], tuple[int, int]]:
    a, b, c, d = rng.randint(2, 6), rng.randint(2, 9), rng.randint(2, 6), rng.randint(2, 6)
    left, right = a * b, c * d
    sign = "-" if left > right and rng.random() < 0.5 else "+"
    result = left - right if sign == "-" else left + right
    steps = [f"{a}*{b}={left}", f"{c}*{d}={right}", f"{left}{sign}{right}={result}"]
    return f"{a}*{b}{sign}{c}*{d}", steps, (right, result)


def _product_of_sums(rng: Random) -> tuple[str, list[str], tuple[int, int]]:
    a, b, c, d = (rng.randint(2, 5) for _ in range(4))
    left, right = a + b, c + d
    steps = [f"{a}+{b}={left}", f"{c}+{d}={right}", f"{left}*{right}={left * right}"]
    return f"({a}+{b})*({c}+{d})", steps, (right, left * right)
