"""humaneval-mini (unseen): complete the body of a Python function from its docstring."""

from dataclasses import replace
from random import Random

from . import python_expressions as expressions
from .mbpp_mini import FUNCTION_NAMES
from .problem import Problem
from .programs import tests_for


def generate(rng: Random) -> Problem:
    description = _description(rng)
    function, parameters = rng.choice(FUNCTION_NAMES), ",".join(description.parameters)
    prompt = f'def {function}({parameters}):\n    """Return {description.english}."""\n'
    return Problem(
        topic=description.topic,
        prompt=prompt,
        careful=f"    return {description.careful}",
        careless=f"    return {description.careless}",
        careless_share=description.careless_share,
        program_prefix=prompt,
        tests=tests_for(description, function, prompt),
    )


def _description(rng: Random) -> expressions.Description:
    """More filters and maps together than mbpp-mini has, and careless for the most part."""
    family = rng.choices(["scalar", "list", "branch", "nested"], [0.25, 0.5, 0.1, 0.15])[0]
    if family == "list":
        filtered, mapped = rng.choices([(True, False), (False, True), (True, True)], [0.3, 0.2, 0.5])[0]
        description = expressions.listing(rng, filtered, mapped)
    else:
        description = getattr(expressions, family)(rng)
    return replace(description, careless_share=0.35 if family == "scalar" else 0.6)
