"""arc-mini (seen): multiple-choice questions of knowledge and reasoning, answered `… So the answer is B`."""

from random import Random

from .multiple_choice import multiple_choice
from .problem import Problem
from .words import CATEGORIES, COLORS, COMPARISONS, COUNTABLES, INVENTED_KINDS, NAMES, THINGS, with_article


def generate(rng: Random) -> Problem:
    return rng.choices(_TOPICS, _WEIGHTS)[0](rng)


def knowledge(rng: Random) -> Problem:
    category = rng.choice(list(CATEGORIES))
    word = rng.choice(CATEGORIES[category])
    others = rng.sample([name for name in CATEGORIES if name != category], 3)
    options = [word] + [rng.choice(CATEGORIES[name]) for name in others]
    question = f"Which one is {with_article(category)}?"
    return multiple_choice(rng, "knowledge", question, options, word, f"The {category} is", None, 0.3)


def number(rng: Random) -> Problem:
    values = rng.sample(range(2, 60), 4)
    word, right = rng.choice([("largest", max(values)), ("smallest", min(values))])
    options, question = [str(value) for value in values], f"Which number is the {word}?"
    return multiple_choice(rng, "number", question, options, str(right), f"The {word} is", None, 0.4)


def kind(rng: Random) -> Problem:
    """Invented kinds with a colour each; the question needs one of them."""
    count = rng.choice([2, 3, 4])
    kinds, colors = rng.sample(INVENTED_KINDS, count), rng.sample(COLORS, 4)
    who, asked = rng.choice(NAMES), rng.randrange(count)
    facts = " ".join(f"Every {name} is {color}." for name, color in zip(kinds, colors))
    question = f"{facts} {who} is a {kinds[asked]}. What color is {who}?"
    reasoning = f"{who} is a {kinds[asked]}. Every {kinds[asked]} is"
    return multiple_choice(rng, "kind", question, colors, colors[asked], reasoning, colors[0], 0.62)


def order(rng: Random, people: int = 3) -> Problem:
    """A chain of comparisons in any order; who stands at one end of it?"""
    comparative, first, last = rng.choice(COMPARISONS)
    names = rng.sample(NAMES, max(people, 4))
    chain = names[:people]
    facts = [f"{upper} is {comparative} than {lower}." for upper, lower in zip(chain, chain[1:])]
    rng.shuffle(facts)
    superlative, right = rng.choice([(first, chain[0]), (last, chain[-1])])
    others = rng.sample([name for name in names if name != right], 3)
    question = " ".join(facts) + f" Who is the {superlative}?"
    reasoning = " > ".join(chain) + f". The {superlative} is"
    first_named = facts[0].split()[0]
    careless = first_named if first_named in others + [right] else None
    return multiple_choice(rng, f"order{people}", question, [right] + others, right, reasoning, careless, 0.6)


def order_of_five(rng: Random) -> Problem:
    return order(rng, 5)


def holder(rng: Random) -> Problem:
    """A thing passes from hand to hand while another thing does so too."""
    names = rng.sample(NAMES, 4)
    thing, other = rng.sample(THINGS, 2)
    hands = [rng.choice(names)]
    sentences = [f"{hands[0]} has the {thing}."]
    for _ in range(rng.choice([2, 3])):
        receiver = rng.choice([name for name in names if name != hands[-1]])
        sentences.append(f"{hands[-1]} gives the {thing} to {receiver}.")
        hands.append(receiver)
    giver, taker = rng.sample(names, 2)
    sentences.insert(rng.randint(1, len(sentences)), f"{giver} gives the {other} to {taker}.")
    question = " ".join(sentences) + f" Who has the {thing}?"
    reasoning = f"The {thing}: " + " then ".join(hands) + f". The {thing} is with"
    return multiple_choice(rng, "holder", question, names, hands[-1], reasoning, hands[0], 0.6)


def pattern(rng: Random) -> Problem:
    """The next number of an arithmetic sequence, up or down."""
    step, length = rng.randint(2, 9), rng.choice([3, 4])
    start = rng.randint(1, 30)
    values = [start + step * index for index in range(length + 1)]
    if rng.random() < 0.4:
        values.reverse()
    *shown, right = values
    sign = "+" if shown[1] > shown[0] else "-"
    wrong = {right + 1, right - 1, right + 2, shown[-1] + 1, right + 10} - {right}
    options = [str(right)] + [str(value) for value in rng.sample(sorted(value for value in wrong if value > 0), 3)]
    question = "Which number comes next? " + " ".join(map(str, shown))
    reasoning = f"The step is {sign}{step}. {shown[-1]}{sign}{step}={right}. The next is"
    return multiple_choice(rng, "pattern", question, options, str(right), reasoning, None, 0.35)


def most(rng: Random) -> Problem:
    """Four people with some bags of so many things each: who has the most, or the fewest?"""
    noun = rng.choice([noun for nouns in COUNTABLES.values() for noun in nouns])
    names = rng.sample(NAMES, 3)
    pairs = [(rng.randint(2, 6), rng.randint(2, 6)) for _ in names]
    totals = [bags * each for bags, each in pairs]
    if len(set(totals)) < len(totals):
        return most(rng)
    facts = [f"{name} has {bags} bags with {each} {noun} in each." for name, (bags, each) in zip(names, pairs)]
    superlative, right = rng.choice([("most", max(totals)), ("fewest", min(totals))])
    winner = names[totals.index(right)]
    absent = rng.choice([name for name in NAMES if name not in names])
    sums = " ".join(f"{name} {bags}*{each}={bags * each}." for name, (bags, each) in zip(names, pairs))
    question = " ".join(facts) + f" Who has the {superlative} {noun}?"
    reasoning = f"{sums} The {superlative} is {right}. That is"
    return multiple_choice(rng, "most", question, names + [absent], winner, reasoning, names[0], 0.6)


_TOPICS = (knowledge, number, kind, order, order_of_five, holder, pattern, most)
_WEIGHTS = (0.15, 0.13, 0.16, 0.12, 0.12, 0.1, 0.12, 0.1)
