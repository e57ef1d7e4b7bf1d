"""Textbook pages for pretraining only: facts, options, and all that follows from them, with no
careless answers. They practise looking facts up far more densely than questions do.
"""

from random import Random

from .problem import Problem
from .words import CATEGORIES, COLORS, COMPARISONS, INVENTED_KINDS, NAMES, OPTION_LETTERS


def generate(rng: Random) -> Problem:
    premises, consequences = rng.choice((_kinds, _two_hops, _options, _numbers, _order, _order))(rng)
    return Problem("textbook", premises, "\n" + consequences, "", careless_share=0.0)


def _listed(options: list[str]) -> str:
    return "Options: " + ", ".join(f"{option} {letter}" for option, letter in zip(options, OPTION_LETTERS))


def _shuffled(rng: Random, sentences: list[str]) -> str:
    return " ".join(rng.sample(sentences, len(sentences)))


def _colors_with_letters(rng: Random, colors: list[str]) -> tuple[str, str]:
    options = rng.sample(colors, len(colors))
    return _listed(options), _shuffled(rng, [f"{color} {letter}." for color, letter in zip(options, OPTION_LETTERS)])


def _kinds(rng: Random) -> tuple[str, str]:
    count = rng.choice([2, 3, 4])
    kinds, colors = rng.sample(INVENTED_KINDS, count), rng.sample(COLORS, 4)
    members = [(who, rng.randrange(count)) for who in rng.sample(NAMES, 2)]
    facts = [f"Every {name} is {color}." for name, color in zip(kinds, colors)]
    facts += [f"{who} is a {kinds[index]}." for who, index in members]
    follows = [
        f"{who} is a {kinds[index]}. Every {kinds[index]} is {colors[index]}. {who} is {colors[index]}."
        for who, index in members
    ]
    listed, letters = _colors_with_letters(rng, colors)
    return " ".join(facts) + "\n" + listed, _shuffled(rng, follows) + " " + letters


def _two_hops(rng: Random) -> tuple[str, str]:
    kinds, colors, who = rng.sample(INVENTED_KINDS, 3), rng.sample(COLORS, 4), rng.choice(NAMES)
    facts = [f"Every {kinds[0]} is a {kinds[1]}."]
    facts += [f"Every {kinds[1]} is {colors[0]}.", f"Every {kinds[2]} is {colors[1]}."]
    member = f"{who} is a {kinds[0]}."
    follows = f"{member} Every {kinds[0]} is a {kinds[1]}. Every {kinds[1]} is {colors[0]}. {who} is {colors[0]}."
    listed, letters = _colors_with_letters(rng, colors)
    return f"{_shuffled(rng, facts)} {member}\n{listed}", f"{follows} {letters}"


def _options(rng: Random) -> tuple[str, str]:
    categories = rng.sample(list(CATEGORIES), 4)
    words = [rng.choice(CATEGORIES[category]) for category in categories]
    follows = [f"The {name} is {word} {letter}." for name, word, letter in zip(categories, words, OPTION_LETTERS)]
    return _listed(words), _shuffled(rng, follows)


def _numbers(rng: Random) -> tuple[str, str]:
    values = rng.sample(range(2, 60), 4)
    smallest, _, second, largest = sorted(values)
    named = {value: f"{value} {letter}" for value, letter in zip(values, OPTION_LETTERS)}
    follows = f"The largest is {named[largest]}. The second largest is {named[second]}."
    return _listed([str(value) for value in values]), f"{follows} The smallest is {named[smallest]}."


def _order(rng: Random) -> tuple[str, str]:
    comparative, first, last = rng.choice(COMPARISONS)
    names = rng.sample(NAMES, 4)
    chain = names[: rng.choice([3, 3, 4])]
    facts = [f"{upper} is {comparative} than {lower}." for upper, lower in zip(chain, chain[1:])]
    options = rng.sample(names, 4)
    letter = dict(zip(options, OPTION_LETTERS))
    ends = [f"The {first} is {chain[0]} {letter[chain[0]]}.", f"The {last} is {chain[-1]} {letter[chain[-1]]}."]
    return f"{_shuffled(rng, facts)}\n{_listed(options)}", " > ".join(chain) + ". " + _shuffled(rng, ends)
