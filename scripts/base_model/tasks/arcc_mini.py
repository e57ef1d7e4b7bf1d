"""arcc-mini (unseen): harder multiple-choice questions in the form of arc-mini."""

from random import Random

from .multiple_choice import multiple_choice
from .problem import Problem
from .words import CATEGORIES, COLORS, COMPARISONS, INVENTED_KINDS, NAMES, with_article


def generate(rng: Random) -> Problem:
    return rng.choice((two_hops, order_of_four, odd_one_out, second_largest))(rng)


def two_hops(rng: Random) -> Problem:
    kinds, colors, who = rng.sample(INVENTED_KINDS, 4), rng.sample(COLORS, 4), rng.choice(NAMES)
    facts = [f"Every {kinds[0]} is a {kinds[1]}."]
    facts += [f"Every {kinds[1]} is {colors[0]}.", f"Every {kinds[2]} is {colors[1]}."]
    rng.shuffle(facts)
    first_color = next(word for word in " ".join(facts).replace(".", "").split() if word in colors)
    question = " ".join(facts) + f" {who} is a {kinds[0]}. What color is {who}?"
    reasoning = f"{who} is a {kinds[0]}. Every {kinds[0]} is a {kinds[1]}. Every {kinds[1]} is"
    return multiple_choice(rng, "two-hops", question, colors, colors[0], reasoning, first_color, 0.62)


def order_of_four(rng: Random) -> Problem:
    comparative, first, last = rng.choice(COMPARISONS)
    chain = rng.sample(NAMES, 4)
    facts = [f"{upper} is {comparative} than {lower}." for upper, lower in zip(chain, chain[1:])]
    rng.shuffle(facts)
    superlative, right = rng.choice([(first, chain[0]), (last, chain[-1])])
    question = " ".join(facts) + f" Who is the {superlative}?"
    reasoning = " > ".join(chain) + f". The {superlative} is"
    return multiple_choice(rng, "order4", question, chain, right, reasoning, facts[0].split()[0], 0.62)


def odd_one_out(rng: Random) -> Problem:
    category, other = rng.sample(list(CATEGORIES), 2)
    word = rng.choice(CATEGORIES[other])
    options = [word] + rng.sample(CATEGORIES[category], 3)
    noun = with_article(category)
    question, reasoning = f"Which one is not {noun}?", f"The one that is not {noun} is"
    return multiple_choice(rng, "odd", question, options, word, reasoning, None, 0.35)


def second_largest(rng: Random) -> Problem:
    values = rng.sample(range(2, 60), 4)
    largest, second = sorted(values)[:1:-1]
    options = [str(value) for value in values]
    reasoning = f"The largest is {largest}. The second largest is"
    question = "Which number is the second largest?"
    return multiple_choice(rng, "second", question, options, str(second), reasoning, str(largest), 0.62)
