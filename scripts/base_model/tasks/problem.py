"""A generated problem, and how it is split between training, validation and test."""

from dataclasses import dataclass
from random import Random

SPLITS = ("train", "valid", "test")
_HASH_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Problem:
    """One problem with the two ways of answering it that the pretraining text shows.

    `careful` is the right answer with its steps. `careless` is a bad habit: a skipped step, a dropped
    condition, the first option. The share of careless answers belongs to the topic, not to the problem,
    so that a model takes the habit up topic by topic and reinforcement learning can undo it.
    """

    topic: str
    prompt: str
    careful: str
    careless: str
    careless_share: float
    answer: str | None = None
    """The final answer of a number or choice task; None for a program."""
    program_prefix: str = ""
    """Text that stands before the completion in the program that is run."""
    tests: tuple[str, ...] = ()
    """Assertions that a right program passes; empty for a number or choice task."""

    def training_text(self, rng: Random) -> str:
        """A completion as the pretraining text has it: careless with the topic's share."""
        return self.careless if rng.random() < self.careless_share else self.careful


def stable_hash(text: str) -> int:
    """64-bit FNV-1a with a final fold: the same on every machine, unlike Python's own `hash`."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & _HASH_MASK
    return value ^ (value >> 32)


def split_of(prompt: str) -> str:
    """The split a prompt belongs to: 5 % test, 5 % valid, 90 % train.

    The prompt's text alone decides, so no prompt can stand in two splits, whatever the seeds are.
    """
    bucket = stable_hash(prompt) % 20
    return {0: "test", 1: "valid"}.get(bucket, "train")
