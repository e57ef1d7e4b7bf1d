"""Pages of random tokens that can only be predicted by looking back.

Half of the rows repeat a block; the others list key-value pairs again and again in changing order. They
teach the attention heads to look up and copy, on which every task rests.
"""

from random import Random

import torch

from .settings import CopyPages
from .tokenizer import BOS_ID


def copy_page(rng: Random, pages: CopyPages, token_ids: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, weights), both rows × (length + 1); a weight is 1 on each token that can be looked up."""
    ids, weights = zip(*(_row(rng, pages.length, token_ids) for _ in range(pages.rows)))
    return torch.tensor(ids), torch.tensor(weights)


def _row(rng: Random, length: int, token_ids: list[int]) -> tuple[list[int], list[float]]:
    form = _repeated_block if rng.random() < 0.5 else _key_value_page
    return form(rng, length, token_ids)


def _repeated_block(rng: Random, length: int, token_ids: list[int]) -> tuple[list[int], list[float]]:
    size = rng.randint(4, length // 2)
    block = rng.sample(token_ids, size)
    row = block * (length // size + 1)
    # The second block's first token is the cue; what follows it is known.
    return [BOS_ID] + row[:length], [0.0] * (size + 2) + [1.0] * (length - size - 1)


def _key_value_page(rng: Random, length: int, token_ids: list[int]) -> tuple[list[int], list[float]]:
    count = rng.randint(2, length // 4)
    chosen = rng.sample(token_ids, 2 * count)
    pairs = list(zip(chosen[:count], chosen[count:]))
    row, weights = [BOS_ID], [0.0]
    for page in range(length // (2 * count) + 1):
        for key, value in pairs if page == 0 else rng.sample(pairs, count):
            row += [key, value]
            weights += [0.0, 1.0 if page > 0 else 0.0]
    return row[: length + 1], weights[: length + 1]
