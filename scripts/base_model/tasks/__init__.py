"""The procedurally generated tasks. A task is a function from a random source to a `Problem`."""

from collections.abc import Callable, Iterator
from random import Random

from . import (
    arc_mini,
    arcc_mini,
    classify,
    gsm_mini,
    gsm_mini_hard,
    humaneval_mini,
    math_mini,
    math_mini_hard,
    mbpp_mini,
    mbpp_mini_hard,
    textbook,
)
from .problem import SPLITS, Problem, split_of, stable_hash

GENERATORS: dict[str, Callable[[Random], Problem]] = {
    "gsm-mini": gsm_mini.generate,
    "mbpp-mini": mbpp_mini.generate,
    "arc-mini": arc_mini.generate,
    "math-mini": math_mini.generate,
    "humaneval-mini": humaneval_mini.generate,
    "arcc-mini": arcc_mini.generate,
    "classify": classify.generate,
    "textbook": textbook.generate,
    "gsm-mini-hard": gsm_mini_hard.generate,
    "math-mini-hard": math_mini_hard.generate,
    "mbpp-mini-hard": mbpp_mini_hard.generate,
}
SEEN_TASKS = ("gsm-mini", "mbpp-mini", "arc-mini")
UNSEEN_TASKS = ("math-mini", "humaneval-mini", "arcc-mini")
CODE_TASKS = ("mbpp-mini", "humaneval-mini")


def problems(task: str, split: str, seed: int) -> Iterator[Problem]:
    """An endless stream of a task's problems whose prompts belong to `split`."""
    rng = Random(stable_hash(f"{task}/{split}/{seed}"))
    generate = GENERATORS[task]
    while True:
        problem = generate(rng)
        if split_of(problem.prompt) == split:
            yield problem
