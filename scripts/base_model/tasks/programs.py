"""Tests for generated programs: inputs on which the careless program gives itself away.

Only expressions written by the generators of this package are evaluated here, never model output.
"""

from random import Random

from .problem import stable_hash
from .python_expressions import LIST_NAMES, Description

TEST_COUNT = 4
_TRIES = 60
_FUNCTIONS = {"sum": sum, "max": max, "min": min, "len": len}


def tests_for(description: Description, function: str, prompt: str) -> tuple[str, ...]:
    """Four assertions drawn from the prompt's hash; at least one fails for the careless expression,
    unless no input tells the two apart (the largest of the even numbers above 3 is the largest even number).
    """
    rng = Random(stable_hash(prompt))
    tests: list[str] = []
    telling = False
    for attempt in range(_TRIES):
        values = [_argument(rng, name) for name in description.parameters]
        expected = _evaluate(description.careful, description.parameters, values)
        if expected is None:
            continue
        differs = _evaluate(description.careless, description.parameters, values) != expected
        last_place = len(tests) == TEST_COUNT - 1
        if last_place and not (telling or differs) and attempt < _TRIES - 1:
            continue
        telling = telling or differs
        written = ", ".join(repr(value) for value in values)
        tests.append(f"assert {function}({written}) == {expected!r}")
        if len(tests) == TEST_COUNT:
            break
    return tuple(tests)


def _argument(rng: Random, name: str) -> int | list[int]:
    if name not in LIST_NAMES:
        return rng.randint(1, 40)
    values = [rng.randint(-12, 25) for _ in range(rng.randint(3, 5))] + [-4, -3, 8, 21, 24]
    rng.shuffle(values)
    return values


def _evaluate(expression: str, names: tuple[str, ...], values: list) -> object | None:
    """The expression's value, or None where it has none (the largest of no numbers)."""
    try:
        return eval(expression, {"__builtins__": _FUNCTIONS} | dict(zip(names, values)))  # noqa: S307
    except ValueError:
        return None
