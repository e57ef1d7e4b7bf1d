"""mbpp-mini (seen): write a whole Python function from one sentence."""

from random import Random

from . import python_expressions as expressions
from .problem import Problem
from .programs import tests_for

FUNCTION_NAMES = ("f", "g", "calc", "solve", "run", "work")


def generate(rng: Random) -> Problem:
    return problem_of(rng, _description(rng))


def problem_of(rng: Random, description: expressions.Description) -> Problem:
    function, parameters = rng.choice(FUNCTION_NAMES), ",".join(description.parameters)
    prompt = f"Write a Python function {function}({parameters}) that returns {description.english}.\nCode:"

    def program(expression: str) -> str:
        return f"\ndef {function}({parameters}):\n    return {expression}"

    return Problem(
        topic=description.topic,
        prompt=prompt,
        careful=program(description.careful),
        careless=program(description.careless),
        careless_share=description.careless_share,
        tests=tests_for(description, function, prompt),
    )


def _description(rng: Random) -> expressions.Description:
    family = rng.choices(["scalar", "list", "pipeline", "branch", "nested"], [0.2, 0.3, 0.15, 0.13, 0.22])[0]
    if family == "list":
        filtered, mapped = rng.choices([(True, False), (False, True), (True, True)], [0.5, 0.4, 0.1])[0]
        return expressions.listing(rng, filtered, mapped)
    return getattr(expressions, family)(rng)
