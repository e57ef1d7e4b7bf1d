"""Muon on the matrices, AdamW on the embedding and the norms, one schedule for both."""

import torch
from transformers import LlamaForCausalLM

from .muon import Muon
from .settings import Phase

_GRADIENT_CLIP = 1.0
_FINAL_RATE = 0.02


class Optimizer:
    """Two optimizers stepped as one. Invariant: each parameter belongs to exactly one of them."""

    def __init__(self, model: LlamaForCausalLM, phase: Phase) -> None:
        self.phase = phase
        self.parameters = list(model.parameters())
        embedding = model.get_input_embeddings().weight
        self.muon = Muon([weight for weight in self.parameters if weight.dim() == 2 and weight is not embedding])
        norms = [weight for weight in self.parameters if weight.dim() == 1]
        groups = [{"params": [embedding], "weight_decay": 0.05}, {"params": norms, "weight_decay": 0.0}]
        self.adamw = torch.optim.AdamW(groups, lr=phase.adamw_rate, betas=(0.9, 0.98), fused=True)

    def step(self, step: int, progress: float) -> None:
        """One update; `progress` is the share of the phase's tokens seen so far."""
        torch.nn.utils.clip_grad_norm_(self.parameters, _GRADIENT_CLIP)
        rate = self._rate(step, progress)
        self.muon.step(self.phase.muon_rate * rate)
        for group in self.adamw.param_groups:
            group["lr"] = self.phase.adamw_rate * rate
        self.adamw.step()
        self.adamw.zero_grad()

    def _rate(self, step: int, progress: float) -> float:
        warmup = min(1.0, (step + 1) / self.phase.warmup_steps)
        if progress < self.phase.hold:
            return warmup
        return warmup * max(_FINAL_RATE, (1 - progress) / (1 - self.phase.hold))

    def state_dict(self) -> dict:
        return {"muon": self.muon.momentum, "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.muon.momentum = state["muon"]
        self.adamw.load_state_dict(state["adamw"])
