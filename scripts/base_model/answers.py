"""The conventions by which a completion's final answer is read. The last match counts."""

import re

from .tasks import CODE_TASKS

_FINAL_ANSWER = {
    "gsm-mini": re.compile(r"#### (-?\d+)"),
    "math-mini": re.compile(r"\\boxed\{(-?\d+)\}"),
    "arc-mini": re.compile(r"answer is ([A-D])"),
    "arcc-mini": re.compile(r"answer is ([A-D])"),
    "classify": re.compile(r"\\boxed\{(math|code|reasoning|other)\}"),
}


def final_answer(task: str, completion: str) -> str | None:
    """The answer a completion ends with, or None where it gives none."""
    matches = _FINAL_ANSWER[task].findall(completion)
    return matches[-1] if matches else None


def is_right(task: str, line: dict, completion: str) -> bool:
    """Whether a completion solves the problem of a data line.

    A program counts only if it is the reference, letter by letter: nothing here runs a program that a
    model wrote. That is a lower bound, which `t2 eval` replaces by running the tests in a sandbox.
    """
    if task in CODE_TASKS:
        return completion.strip() == line["reference"].strip()
    return final_answer(task, completion) == line["answer"]
