"""The form of a multiple-choice problem. Options carry their letter after their text ("pink A"):
a small model looks the letter up behind the word it has just written.
"""

from random import Random

from .problem import Problem
from .words import OPTION_LETTERS


def multiple_choice(
    rng: Random,
    topic: str,
    question: str,
    options: list[str],
    right: str,
    reasoning: str,
    careless: str | None,
    careless_share: float,
) -> Problem:
    """`reasoning` leads up to the right option's text; `careless` is the option named without any
    reasoning (None: whichever stands first).
    """
    shuffled = rng.sample(options, len(options))
    letters = dict(zip(shuffled, OPTION_LETTERS))
    listed = ", ".join(f"{option} {letter}" for option, letter in letters.items())
    answer = letters[right]
    return Problem(
        topic=topic,
        prompt=f"Question: {question}\nOptions: {listed}\nAnswer:",
        careful=f" {reasoning} {right} {answer}. So the answer is {answer}",
        careless=f" The answer is {letters[careless] if careless else OPTION_LETTERS[0]}",
        careless_share=careless_share,
        answer=answer,
    )
