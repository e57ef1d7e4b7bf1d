"""Log-probabilities of the same token sequences by t2 and by transformers, float32."""

import json
import pathlib
import subprocess

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()
SEED = 20260301


def sequences(vocabulary: int, context: int) -> list[list[int]]:
    """Random tokens, from two of them to as many as the model takes, 64 at most."""
    generator = torch.Generator().manual_seed(SEED)
    lengths = (2, 3, 17, 40, min(64, context))
    return [torch.randint(3, vocabulary, (length,), generator=generator).tolist() for length in lengths]


def scores_of_t2(t2: pathlib.Path, model: pathlib.Path, ids: list[list[int]], expert: pathlib.Path | None = None) -> torch.Tensor:
    """Of all tokens but the first of each sequence, one after another."""
    command = [t2, "score", "--model", model, "--input", "-"] + (["--expert", expert] if expert else [])
    lines = "\n".join(json.dumps({"ids": sequence}) for sequence in ids)
    run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return torch.tensor([value for line in run.stdout.splitlines() for value in json.loads(line)["logprobs"][1:]])


def scores_of_transformers(model, ids: list[list[int]]) -> torch.Tensor:
    with torch.no_grad():
        rows = []
        for sequence in ids:
            log_probabilities = torch.log_softmax(model(torch.tensor([sequence])).logits[0, :-1], -1)
            rows.append(log_probabilities.gather(1, torch.tensor(sequence[1:])[:, None])[:, 0])
        return torch.cat(rows)


def load(folder: pathlib.Path, **options):
    return AutoModelForCausalLM.from_pretrained(folder, **options).eval()
