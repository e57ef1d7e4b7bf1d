"""The documents of a pretraining phase, and the order in which they are seen."""

from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer

from .settings import Phase
from .tasks import problems, stable_hash
from .tokenizer import BOS_ID, EOS_ID, PAD_ID

_CHUNK = 2000
_BATCHES_PER_POOL = 32


@dataclass(frozen=True)
class Document:
    """Prompt and completion are tokenised apart, as they are when the model is used."""

    task: str
    prompt_ids: list[int]
    completion_ids: list[int]

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.completion_ids)


def draw_documents(phase: Phase, tokenizer: Tokenizer, seed: int) -> list[Document]:
    """Fresh documents, each seen once, until they fill what copy pages leave of the phase's tokens."""
    if not phase.mixture:
        return []
    rng = Random(stable_hash(f"{phase.name}/{seed}"))
    stream_seed = stable_hash(f"{phase.name}/stream/{seed}")
    streams = {task: problems(task, "train", stream_seed) for task in phase.mixture}
    documents: list[Document] = []
    tokens = 0
    while tokens < phase.tokens:
        tasks = rng.choices(list(phase.mixture), list(phase.mixture.values()), k=_CHUNK)
        drawn = [next(streams[task]) for task in tasks]
        completions = [p.training_text(rng) if phase.careless else p.careful for p in drawn]
        prompts = tokenizer.encode_batch([p.prompt for p in drawn], add_special_tokens=False)
        answers = tokenizer.encode_batch(completions, add_special_tokens=False)
        for task, prompt, answer in zip(tasks, prompts, answers):
            documents.append(Document(task, [BOS_ID] + prompt.ids, answer.ids + [EOS_ID]))
            tokens += len(documents[-1])
    return documents


def plan_batches(documents: list[Document], batch_size: int, rng: Random) -> list[list[Document]]:
    """Batches of documents of similar length, in random order."""
    batches: list[list[Document]] = []
    order = rng.sample(documents, len(documents))
    for start in range(0, len(order), batch_size * _BATCHES_PER_POOL):
        pool = sorted(order[start : start + batch_size * _BATCHES_PER_POOL], key=len)
        cut = [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
        batches += rng.sample(cut, len(cut))
    return batches


def collate(batch: list[Document], prompt_weight: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, weights), both documents × length; completions weigh 1, prompts little, padding nothing."""
    length = max(map(len, batch))
    ids = torch.full((len(batch), length), PAD_ID)
    weights = torch.zeros(len(batch), length)
    for row, document in enumerate(batch):
        prompt, end = len(document.prompt_ids), len(document)
        ids[row, :end] = torch.tensor(document.prompt_ids + document.completion_ids)
        weights[row, 1:prompt] = prompt_weight
        weights[row, prompt:end] = 1.0
    return ids, weights
