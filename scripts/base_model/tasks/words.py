"""The words the problems are made of. The tokenizer holds each of them as one token."""

NAMES = "Tom Ann Bob Mia Sam Eva Leo Zoe Max Ida Ben Kim Dan Amy".split()

COUNTABLES = {
    "food": "apples cakes plums nuts".split(),
    "toys": "balls cars dolls kites".split(),
    "money": "coins stamps cards tickets".split(),
    "nature": "shells stones leaves flowers".split(),
}

CATEGORIES = {
    "fruit": "apple pear plum grape lemon mango peach cherry".split(),
    "animal": "cat dog horse cow goat lion bear wolf".split(),
    "tool": "hammer saw drill wrench axe shovel rake chisel".split(),
    "vehicle": "car bus train truck boat plane bike tram".split(),
    "metal": "iron gold silver copper tin zinc lead nickel".split(),
    "instrument": "piano violin drum flute harp guitar horn cello".split(),
}

INVENTED_KINDS = "wug dax blick fep zorp mib tove gorp lorn quib".split()
COLORS = "red blue green white black pink gray brown".split()
THINGS = "key map ring book lamp coin".split()

COMPARISONS = [
    ("taller", "tallest", "shortest"),
    ("older", "oldest", "youngest"),
    ("faster", "fastest", "slowest"),
    ("richer", "richest", "poorest"),
]

OPTION_LETTERS = "ABCD"


def with_article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def single_token_words() -> list[str]:
    """Every word that look-up must be able to copy as one token."""
    groups = [NAMES, INVENTED_KINDS, COLORS, THINGS, list(CATEGORIES), list(OPTION_LETTERS)]
    groups += list(CATEGORIES.values()) + list(COUNTABLES.values())
    return sorted({word for group in groups for word in group})
