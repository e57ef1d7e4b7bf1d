"""Greedy accuracy of a model folder on the test splits, with 95 % intervals.

`python -m base_model.evaluate experts/tiny/base experts/tiny/data`, run in `scripts/`, prints the table of the model card.
"""

import json
import math
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from .answers import is_right
from .tasks import SEEN_TASKS, UNSEEN_TASKS

_BATCH = 200
_MAX_NEW_TOKENS = 64
_NORMAL_QUANTILE = 1.96


@dataclass(frozen=True)
class Accuracy:
    task: str
    right: int
    count: int
    by_topic: dict[str, float]

    @property
    def share(self) -> float:
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        n, p, q = self.count, self.share, _NORMAL_QUANTILE**2
        center = (p + q / (2 * n)) / (1 + q / n)
        reach = _NORMAL_QUANTILE / (1 + q / n) * math.sqrt(p * (1 - p) / n + q / (4 * n * n))
        return center - reach, center + reach


def evaluate(base: Path, data: Path) -> list[Accuracy]:
    """Accuracies of the model folder `base` on the tasks in `data`, computed in float32."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(base)
    return [_task_accuracy(model, tokenizer, data, task) for task in (*SEEN_TASKS, *UNSEEN_TASKS, "classify")]


def table(accuracies: list[Accuracy]) -> str:
    """A Markdown table."""
    rows = ["| task | accuracy | 95 % interval | n | by topic |", "|---|---|---|---|---|"]
    for result in accuracies:
        low, high = result.interval
        topics = ", ".join(f"{topic} {share:.2f}" for topic, share in sorted(result.by_topic.items()))
        rows.append(f"| {result.task} | {result.share:.3f} | {low:.3f}–{high:.3f} | {result.count} | {topics} |")
    return "\n".join(rows)


def _task_accuracy(model, tokenizer: PreTrainedTokenizerBase, data: Path, task: str) -> Accuracy:
    lines = [json.loads(text) for text in (data / task / "test.jsonl").read_text().splitlines()]
    lines.sort(key=lambda line: len(line["prompt"]))
    outcomes: dict[str, list[bool]] = defaultdict(list)
    for start in range(0, len(lines), _BATCH):
        batch = lines[start : start + _BATCH]
        for line, completion in zip(batch, _complete(model, tokenizer, [line["prompt"] for line in batch])):
            right = completion is not None and is_right(task, line, completion)
            outcomes[line["topic"]].append(right)
    right = sum(map(sum, outcomes.values()))
    return Accuracy(task, right, len(lines), {topic: sum(marks) / len(marks) for topic, marks in outcomes.items()})


def _complete(model, tokenizer: PreTrainedTokenizerBase, prompts: list[str]) -> list[str | None]:
    """Greedy completions; None for one that did not end in time."""
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    with torch.inference_mode():
        output = model.generate(**inputs, max_new_tokens=_MAX_NEW_TOKENS, do_sample=False)
    completions = output[:, inputs["input_ids"].shape[1] :]
    return [
        tokenizer.decode(ids, skip_special_tokens=True) if tokenizer.eos_token_id in ids.tolist() else None
        for ids in completions
    ]


if __name__ == "__main__":
    print(table(evaluate(Path(sys.argv[1]), Path(sys.argv[2]))))
