"""The pretraining loop: one phase of the curriculum, resumable and deterministic by its seed.

The order of batches is planned before the first step and the schedule follows tokens, never the clock,
so a stopped run goes on exactly where it would have.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from .copy_pages import copy_page
from .documents import Document, collate, draw_documents, plan_batches
from .optimizer import Optimizer
from .settings import CopyPages, Phase
from .tasks import stable_hash
from .tokenizer import look_up_token_ids

_REPORT_EVERY = 50
_SAVE_EVERY = 250
COPYING = "copying"


@dataclass(frozen=True)
class Step:
    """One planned step: a batch of documents, or a copy page (`documents` is None)."""

    documents: list[Document] | None
    tokens: int


def train_phase(
    model: LlamaForCausalLM, tokenizer: Tokenizer, phase: Phase, pages: CopyPages, seed: int, state_path: Path
) -> None:
    """Trains `model` in place through one phase; the state on the way is kept in `state_path`."""
    steps = list(_plan(phase, pages, tokenizer, seed))
    token_ids = look_up_token_ids(tokenizer)
    optimizer = Optimizer(model, phase)
    first, tokens = _load_state(state_path, model, optimizer)
    total = sum(step.tokens for step in steps)
    progress = _Progress(phase.name, len(steps), first, total, tokens)
    model.train()
    model.set_attn_implementation("eager")  # faster than fused attention at these lengths on a CPU
    for index in range(first, len(steps)):
        step = steps[index]
        if step.documents is None:
            ids, weights = copy_page(Random(stable_hash(f"{phase.name}/page/{seed}/{index}")), pages, token_ids)
        else:
            ids, weights = collate(step.documents, phase.prompt_weight)
        loss, losses = _loss(model, ids, weights)
        loss.backward()
        optimizer.step(index, tokens / total)
        tokens += step.tokens
        progress.record(step, losses, tokens, index + 1)
        if (index + 1) % _SAVE_EVERY == 0:
            _save_state(state_path, model, optimizer, index + 1, tokens)


def _plan(phase: Phase, pages: CopyPages, tokenizer: Tokenizer, seed: int) -> Iterator[Step]:
    rng = Random(stable_hash(f"{phase.name}/plan/{seed}"))
    batches = iter(plan_batches(draw_documents(phase, tokenizer, seed), max(1, phase.batch_documents), rng))
    tokens = 0
    while tokens < phase.tokens:
        is_page = rng.random() < phase.copy_share
        batch = None if is_page else next(batches)
        step = Step(batch, pages.rows * pages.length if batch is None else sum(map(len, batch)))
        tokens += step.tokens
        yield step


def _loss(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, list[float]]:
    """(weighted mean loss, each row's mean loss over its tokens of weight 1). Logits are formed only where
    a token has weight.
    """
    targets, weights = ids[:, 1:], weights[:, 1:]
    chosen = weights > 0
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(ids[:, :-1], use_cache=False).last_hidden_state
        logits = F.linear(hidden[chosen], model.get_input_embeddings().weight)
    token_loss = F.cross_entropy(logits.float(), targets[chosen], reduction="none")
    chosen_weights = weights[chosen]
    loss = (token_loss * chosen_weights).sum() / chosen_weights.sum()
    full = torch.zeros_like(weights)
    full[chosen] = token_loss.detach()
    counted = (weights == 1.0).float()
    return loss, ((full * counted).sum(1) / counted.sum(1).clamp(min=1)).tolist()


class _Progress:
    """Running mean of the completion loss by task, speed and time left."""

    def __init__(self, name: str, steps: int, first: int, total_tokens: int, tokens: int) -> None:
        self.name, self.steps, self.total_tokens = name, steps, total_tokens
        self.first_tokens, self.started = tokens, time.monotonic()
        self.losses: dict[str, float] = {}
        print(f"[{name}] {steps} steps, {total_tokens} tokens, from step {first}", flush=True)

    def record(self, step: Step, losses: list[float], tokens: int, done: int) -> None:
        tasks = [COPYING] * len(losses) if step.documents is None else [document.task for document in step.documents]
        for task, loss in zip(tasks, losses):
            self.losses[task] = 0.998 * self.losses.get(task, loss) + 0.002 * loss
        if done % _REPORT_EVERY and done != self.steps:
            return
        speed = (tokens - self.first_tokens) / (time.monotonic() - self.started)
        means = " ".join(f"{task} {loss:.3f}" for task, loss in sorted(self.losses.items()))
        left = (self.total_tokens - tokens) / speed
        print(f"[{self.name}] step {done}/{self.steps} | {means} | {speed:.0f} tokens/s, {left:.0f} s left", flush=True)


def _save_state(path: Path, model: LlamaForCausalLM, optimizer: Optimizer, step: int, tokens: int) -> None:
    """Writes beside the old state and renames, so that a stop while writing loses nothing."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "tokens": tokens}
    unfinished = path.with_suffix(".new")
    torch.save(state, unfinished)
    unfinished.rename(path)


def _load_state(path: Path, model: LlamaForCausalLM, optimizer: Optimizer) -> tuple[int, int]:
    """(steps done, tokens seen)."""
    if not path.exists():
        return 0, 0
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["tokens"]
