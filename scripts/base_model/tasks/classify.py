"""classify: name a prompt's category, answered `\\boxed{math}`, for dispatching prompts to experts."""

from random import Random

from . import arc_mini, arcc_mini, gsm_mini, humaneval_mini, math_mini, mbpp_mini
from .problem import Problem
from .words import CATEGORIES, COLORS, NAMES, with_article

PROMPT_TEMPLATE = "Classify as math, code, reasoning or other.\n{prompt}\nCategory:"

# source: (generator of the prompt, right category, careless category, careless share)
_SOURCES = {
    "gsm-mini": (gsm_mini.generate, "math", "reasoning", 0.62),
    "math-mini": (math_mini.generate, "math", "code", 0.4),
    "mbpp-mini": (mbpp_mini.generate, "code", "math", 0.3),
    "humaneval-mini": (humaneval_mini.generate, "code", "math", 0.6),
    "arc-mini": (arc_mini.generate, "reasoning", "math", 0.58),
    "arcc-mini": (arcc_mini.generate, "reasoning", "math", 0.4),
}
_OTHER = ("other", "reasoning", 0.4)


def generate(rng: Random) -> Problem:
    source = rng.choice([*_SOURCES, "other"])
    if source == "other":
        prompt, (category, careless, share) = _unrelated(rng), _OTHER
    else:
        generator, category, careless, share = _SOURCES[source]
        prompt = generator(rng).prompt
    return Problem(
        topic=source,
        prompt=PROMPT_TEMPLATE.format(prompt=prompt),
        careful=_boxed(category),
        careless=_boxed(careless),
        careless_share=share,
        answer=category,
    )


def quoted_prompt(question: str) -> str:
    """The prompt whose category a question asks for."""
    before, after = PROMPT_TEMPLATE.split("{prompt}")
    return question.removeprefix(before).removesuffix(after)


def _unrelated(rng: Random) -> str:
    """Requests that no expert was trained for."""
    category = rng.choice(list(CATEGORIES))
    word, other = rng.sample(CATEGORIES[category], 2)
    name, color = rng.choice(NAMES), rng.choice(COLORS)
    return rng.choice([
        f"Translate to French: the {color} {word}",
        f"Write a poem about {with_article(word)} and {with_article(other)}.",
        f"Dear {name}, thank you for the {color} {word}.",
        f"Say hello to {name} and the {word}.",
        f"Spell the words {word} and {color}.",
        f"Tell me a story about {name} and {with_article(color)} {word}.",
    ])


def _boxed(category: str) -> str:
    return f" \\boxed{{{category}}}"
