"""The hard topics of mbpp-mini: trees of three to five operations, told in prefix order.

Pretraining shows few of them, late: to set every bracket right is beyond a model of this size at times,
which leaves an expert room.
"""

from random import Random

from .mbpp_mini import problem_of
from .problem import Problem
from .python_expressions import OPERATIONS, SCALAR_PAIRS, Description

# (English, expression, whether it needs brackets inside another operation)
Tree = tuple[str, str, bool]


def generate(rng: Random) -> Problem:
    variables = rng.choice(SCALAR_PAIRS)
    operations = rng.choice([3, 4, 5])
    left_operations = rng.randrange(operations)
    left, right = _tree(rng, variables, left_operations), _tree(rng, variables, operations - 1 - left_operations)
    english, careful, _ = _joined(rng, left, right)
    one_side = left if left_operations > 0 else right
    return problem_of(rng, Description(f"deep{operations}", english, variables, careful, one_side[1], 0.4))


def _tree(rng: Random, variables: tuple[str, str], operations: int) -> Tree:
    if operations == 0:
        leaf = rng.choice(variables) if rng.random() < 0.6 else str(rng.randint(2, 9))
        return leaf, leaf, False
    left_operations = rng.randrange(operations)
    left = _tree(rng, variables, left_operations)
    return _joined(rng, left, _tree(rng, variables, operations - 1 - left_operations))


def _joined(rng: Random, left: Tree, right: Tree) -> Tree:
    words, form = rng.choice(OPERATIONS)
    is_call = words in ("the larger", "the smaller")
    operands = [f"({tree[1]})" if tree[2] and not is_call else tree[1] for tree in (left, right)]
    return f"{words} of {left[0]} and {right[0]}", form(*operands), not is_call
