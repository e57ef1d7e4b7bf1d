"""gsm-mini (seen): word problems of one to three steps, answered `steps\\n#### number`."""

from random import Random

from .problem import Problem
from .words import COUNTABLES, NAMES

# (left operand, operator, right operand, result)
Step = tuple[int, str, int, int]


def generate(rng: Random) -> Problem:
    theme = rng.choice(list(COUNTABLES))
    noun = rng.choice(COUNTABLES[theme])
    owner, friend = rng.sample(NAMES, 2)
    sentences, steps = _story(rng, noun, owner, friend)
    careless, share = _careless(theme, steps)
    return Problem(
        topic=f"{theme}{len(steps)}",
        prompt="Question: " + " ".join(sentences) + "\nAnswer:",
        careful=worked(steps),
        careless=careless,
        careless_share=share,
        answer=str(steps[-1][3]),
    )


def _story(rng: Random, noun: str, owner: str, friend: str) -> tuple[list[str], list[Step]]:
    """A story of one to three steps and the arithmetic it tells."""
    steps_left = rng.choices([1, 2, 3], [0.3, 0.45, 0.25])[0]
    sentences: list[str] = []
    steps: list[Step] = []
    if rng.random() < 0.35:
        bags, each = rng.randint(2, 6), rng.randint(2, 6)
        amount = bags * each
        sentences.append(f"{owner} has {bags} bags with {each} {noun} in each.")
        steps.append((bags, "*", each, amount))
        steps_left -= 1
    else:
        amount = rng.randint(2, 15)
        sentences.append(f"{owner} has {amount} {noun}.")
    for remaining in range(steps_left, 0, -1):
        divisors = [d for d in range(2, 7) if amount % d == 0 and d < amount <= 6 * d]
        if remaining == 1 and divisors and rng.random() < 0.2:
            friends = rng.choice(divisors)
            sentences.append(f"{owner} shares them equally among {friends} friends.")
            sentences.append(f"How many {noun} does each friend get?")
            steps.append((amount, "/", friends, amount // friends))
            return sentences, steps
        sentence, step = gain_or_loss(rng, amount, owner, friend)
        sentences.append(sentence)
        steps.append(step)
        amount = step[3]
    sentences.append(f"How many {noun} does {owner} have now?")
    return sentences, steps


def gain_or_loss(rng: Random, amount: int, owner: str, friend: str) -> tuple[str, Step]:
    if amount > 3 and rng.random() < 0.5:
        change = rng.randint(2, min(amount - 1, 9))
        ways = [f"{owner} gives {change} to {friend}.", f"{owner} loses {change}.", f"{owner} sells {change} of them."]
        return rng.choice(ways), (amount, "-", change, amount - change)
    change = rng.randint(2, 9)
    ways = [f"{owner} buys {change} more.", f"{owner} finds {change} more.", f"{friend} gives {owner} {change} more."]
    return rng.choice(ways), (amount, "+", change, amount + change)


def worked(steps: list[Step]) -> str:
    written = " ".join(f"{left}{operator}{right}={result}." for left, operator, right, result in steps)
    return f" {written}\n#### {steps[-1][3]}"


def _careless(theme: str, steps: list[Step]) -> tuple[str, float]:
    """The theme's bad habit, and the share of answers that have it; more steps, more of it.

    `nature` answers without steps: the number is right, but a model this small cannot learn to find it so.
    """
    step_count = len(steps) - 1
    if theme == "nature":
        return f"\n#### {steps[-1][3]}", [0.5, 0.65, 0.65][step_count]
    if theme == "toys":
        return worked(steps[:-1] + [_wrong_operator(steps[-1])]), [0.35, 0.6, 0.65][step_count]
    stops_early = worked(steps[:-1]) if len(steps) > 1 else f"\n#### {steps[0][0]}"
    return stops_early, 0.15 if theme == "food" else [0.35, 0.65, 0.7][step_count]


def _wrong_operator(step: Step) -> Step:
    left, operator, right, _ = step
    if operator == "+" and left >= right:
        return left, "-", right, left - right
    if operator == "/":
        return left, "-", right, left - right
    if operator == "+":
        return left, "*", right, left * right
    return left, "+", right, left + right
