"""The hard topics of gsm-mini: sums of two-digit numbers, and bags on both sides.

They use only the words of gsm-mini, and pretraining shows few of them, late: a model of this size gets some
of them wrong with all care, which leaves an expert room.
"""

from random import Random

from .gsm_mini import Step, gain_or_loss, worked
from .problem import Problem
from .words import COUNTABLES, NAMES


def generate(rng: Random) -> Problem:
    noun = rng.choice([noun for nouns in COUNTABLES.values() for noun in nouns])
    owner, friend = rng.sample(NAMES, 2)
    topic, share = rng.choice([("large", 0.35), ("bags", 0.62)])
    sentences, steps = (_large if topic == "large" else _bags)(rng, noun, owner, friend)
    stops_early = worked(steps[:-1]) if len(steps) > 1 else f"\n#### {steps[0][0]}"
    return Problem(
        topic=f"{topic}{len(steps)}",
        prompt="Question: " + " ".join(sentences) + f" How many {noun} does {owner} have now?\nAnswer:",
        careful=worked(steps),
        careless=stops_early,
        careless_share=share,
        answer=str(steps[-1][3]),
    )


def _large(rng: Random, noun: str, owner: str, friend: str) -> tuple[list[str], list[Step]]:
    """One or two changes by a two-digit number; all results stay below 100."""
    amount = rng.randint(30, 60)
    sentences, steps = [f"{owner} has {amount} {noun}."], []
    for _ in range(rng.choice([1, 2])):
        if amount > 50 or (amount > 25 and rng.random() < 0.5):
            change = rng.randint(11, min(39, amount - 5))
            sentences.append(rng.choice([f"{owner} gives {change} to {friend}.", f"{owner} loses {change}."]))
            steps.append((amount, "-", change, amount - change))
        else:
            change = rng.randint(11, 39)
            sentences.append(rng.choice([f"{owner} buys {change} more.", f"{friend} gives {owner} {change} more."]))
            steps.append((amount, "+", change, amount + change))
        amount = steps[-1][3]
    return sentences, steps


def _bags(rng: Random, noun: str, owner: str, friend: str) -> tuple[list[str], list[Step]]:
    """Two products and their sum; sometimes a last change."""
    products = [(rng.randint(2, 6), rng.randint(2, 6)) for _ in range(2)]
    (bags, each), (more_bags, more_each) = products
    sentences = [
        f"{owner} has {bags} bags with {each} {noun} in each.",
        f"{friend} gives {owner} {more_bags} bags with {more_each} {noun} in each.",
    ]
    first, second = bags * each, more_bags * more_each
    steps = [(bags, "*", each, first), (more_bags, "*", more_each, second), (first, "+", second, first + second)]
    if rng.random() < 0.4:
        sentence, step = gain_or_loss(rng, first + second, owner, friend)
        sentences.append(sentence)
        steps.append(step)
    return sentences, steps
