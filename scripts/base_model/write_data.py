"""Writes `<task>/{train,valid,test}.jsonl`: the problems, without the careless answers."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from .settings import Settings
from .tasks import CODE_TASKS, SEEN_TASKS, SPLITS, UNSEEN_TASKS, Problem, problems, split_of, stable_hash
from .tasks.classify import quoted_prompt

_MAXIMUM_REPEATS = 5000


def write_data(settings: Settings, folder: Path) -> None:
    groups = dict.fromkeys(SEEN_TASKS, "seen") | dict.fromkeys(UNSEEN_TASKS, "unseen") | {"classify": "classify"}
    for task, group in groups.items():
        (folder / task).mkdir(parents=True, exist_ok=True)
        hard_share = settings.hard_shares.get(task, 0.0)
        for split in SPLITS:
            chosen = _choose(task, split, getattr(settings.data[group], split), hard_share, settings.seed)
            with open(folder / task / f"{split}.jsonl", "w") as file:
                for index, problem in enumerate(chosen):
                    line = _line(task, f"{task}/{split}/{index:04d}", problem)
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _choose(task: str, split: str, count: int, hard_share: float, seed: int) -> list[Problem]:
    """`count` problems, `hard_share` of them from the task's hard generator, in random order."""
    hard_count = round(hard_share * count)
    chosen = list(islice(_unique(task, split, seed), count - hard_count))
    if hard_count > 0:
        chosen += islice(_unique(f"{task}-hard", split, seed), hard_count)
    return Random(seed).sample(chosen, count)


def _unique(generator: str, split: str, seed: int) -> Iterator[Problem]:
    """Problems with no prompt twice, until the generator seems to have no more."""
    seen: set[str] = set()
    repeats = 0
    for problem in problems(generator, split, stable_hash(f"data/{seed}")):
        repeats += 1
        if generator == "classify" and not _may_be_asked(problem, split):
            continue
        if problem.prompt not in seen:
            seen.add(problem.prompt)
            repeats = 0
            yield problem
        elif repeats > _MAXIMUM_REPEATS:
            raise ValueError(f"{generator} has only {len(seen)} {split} problems; ask for fewer in the settings file")


def _may_be_asked(problem: Problem, split: str) -> bool:
    """Whether a prompt may be classified in this split: nobody learns to classify unseen tasks, or prompts of a test."""
    own = split_of(quoted_prompt(problem.prompt))
    return own == "test" if split == "test" else own == "train" and problem.topic not in UNSEEN_TASKS


def _line(task: str, identifier: str, problem: Problem) -> dict:
    line = {"id": identifier, "topic": problem.topic, "prompt": problem.prompt}
    if task in CODE_TASKS:
        line |= {"program_prefix": problem.program_prefix, "tests": list(problem.tests)}
    else:
        line |= {"answer": problem.answer}
    return line | {"reference": problem.careful}
