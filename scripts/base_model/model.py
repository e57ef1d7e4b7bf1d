"""The model: a small `LlamaForCausalLM` with tied embeddings."""

import json
import math
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from .settings import ModelShape
from .tokenizer import BOS_ID, EOS_ID, PAD_ID

_EMBEDDING_STD = 0.03
_MATRIX_GAIN = 0.7
_RESIDUAL_SCALE = 0.1


def new_model(shape: ModelShape, vocabulary_size: int, seed: int) -> LlamaForCausalLM:
    """Fresh weights. Matrices that write to the residual stream start small, so that the stream starts
    as the embedding and look-up forms early.
    """
    configuration = LlamaConfig(
        **vars(shape),
        vocab_size=vocabulary_size,
        tie_word_embeddings=True,
        rms_norm_eps=1e-5,
        bos_token_id=BOS_ID,
        eos_token_id=EOS_ID,
        pad_token_id=PAD_ID,
        dtype=torch.float32,
    )
    model = LlamaForCausalLM(configuration)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.fill_(1.0)
                continue
            std = _EMBEDDING_STD if "embed_tokens" in name else _MATRIX_GAIN / math.sqrt(weight.shape[1])
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                std *= _RESIDUAL_SCALE / math.sqrt(2 * shape.num_hidden_layers)
            weight.copy_(torch.randn(weight.shape, generator=generator) * std)
    return model


def save_model(model: LlamaForCausalLM, folder: Path, dtype: str) -> None:
    """Writes config.json, generation_config.json and model.safetensors (no lm_head)."""
    model = model.to(getattr(torch, dtype))
    model.generation_config = GenerationConfig(
        bos_token_id=BOS_ID, eos_token_id=EOS_ID, pad_token_id=PAD_ID, do_sample=False
    )
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    # Programs that follow the older form of the file look for rope_theta at its top.
    configuration = json.loads((folder / "config.json").read_text())
    configuration["rope_theta"] = configuration["rope_parameters"]["rope_theta"]
    (folder / "config.json").write_text(json.dumps(configuration, indent=2, sort_keys=True) + "\n")


def parameter_count(folder: Path) -> int:
    """Number of parameters, read from the header of model.safetensors."""
    with open(folder / "model.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
