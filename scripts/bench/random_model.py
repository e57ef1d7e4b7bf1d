"""Writes a model with the shapes of Llama-3.2-1B and random weights in bfloat16, for measurements at that size.

Usage: scripts/models random-1b [DIR] [--shards N]

The tokenizer is the bundled model's, so that the bundled tasks have the lengths that they are made for; the ids from 1,024 on have
no text. Weights are normal with standard deviation 0.02, and norms are ones. The same version of numpy gives the same bytes, for any
number of shards. One block of 4 million weights is in memory at a time. The folder appears whole or not at all.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import struct
import sys

import numpy as np

SEED = 20250112
DEVIATION = 0.02
BLOCK = 1 << 22
TOKENIZER = pathlib.Path(__file__).parents[2] / "experts/tiny/base"
CONFIGURATION = {
    "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 1,
    "head_dim": 64, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": DEVIATION, "intermediate_size": 8192,
    "max_position_embeddings": 131072, "mlp_bias": False, "model_type": "llama", "num_attention_heads": 32,
    "num_hidden_layers": 16, "num_key_value_heads": 8, "pad_token_id": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
    "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
                     "rope_type": "llama3"},
    "rope_theta": 500000.0, "tie_word_embeddings": True, "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": 128256,
}


def shapes() -> dict[str, list[int]]:
    """The tensors in the order of the published files."""
    c = CONFIGURATION
    hidden, inner, keys = c["hidden_size"], c["intermediate_size"], c["num_key_value_heads"] * c["head_dim"]
    named = {"model.embed_tokens.weight": [c["vocab_size"], hidden]}
    for layer in range(c["num_hidden_layers"]):
        parts = {
            "input_layernorm": [hidden], "mlp.down_proj": [hidden, inner], "mlp.gate_proj": [inner, hidden],
            "mlp.up_proj": [inner, hidden], "post_attention_layernorm": [hidden], "self_attn.k_proj": [keys, hidden],
            "self_attn.o_proj": [hidden, hidden], "self_attn.q_proj": [hidden, hidden], "self_attn.v_proj": [keys, hidden],
        }
        named |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in parts.items()}
    return named | {"model.norm.weight": [hidden]}


def rounded(values: np.ndarray) -> bytes:
    """The nearest bfloat16 values; ties go to even. The values are finite."""
    bits = values.view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def write_shard(path: pathlib.Path, tensors: list[tuple[int, str, list[int]]]) -> None:
    """Writes a safetensors file; a tensor's first component is its place among all, which seeds its weights."""
    header: dict = {"__metadata__": {"format": "pt"}}
    end = 0
    for _, name, shape in tensors:
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for place, name, shape in tensors:
            count = math.prod(shape)
            if len(shape) == 1:
                file.write(rounded(np.ones(count, np.float32)))
                continue
            random = np.random.Generator(np.random.PCG64([SEED, place]))
            for start in range(0, count, BLOCK):
                values = random.standard_normal(min(BLOCK, count - start), np.float32)
                file.write(rounded(values * np.float32(DEVIATION)))
        file.flush()
        os.fsync(file.fileno())


def shares(tensors: list[tuple[int, str, list[int]]], count: int) -> list[list[tuple[int, str, list[int]]]]:
    """The tensors in `count` consecutive parts of about the same size, of which none is empty."""
    total = sum(math.prod(shape) for _, _, shape in tensors)
    parts: list[list] = [[]]
    written = 0
    for index, tensor in enumerate(tensors):
        is_full = written >= total * len(parts) / count or len(tensors) - index == count - len(parts)
        if parts[-1] and len(parts) < count and is_full:
            parts.append([])
        parts[-1].append(tensor)
        written += math.prod(tensor[2])
    return parts


def write_model(folder: pathlib.Path, shard_count: int) -> None:
    tensors = [(place, name, shape) for place, (name, shape) in enumerate(shapes().items())]
    parts = shares(tensors, shard_count)
    names = ["model.safetensors"]
    if len(parts) > 1:
        names = [f"model-{number:05}-of-{len(parts):05}.safetensors" for number in range(1, len(parts) + 1)]
        total = 2 * sum(math.prod(shape) for _, _, shape in tensors)
        index = {"metadata": {"total_size": total},
                 "weight_map": {tensor: name for name, part in zip(names, parts, strict=True) for _, tensor, _ in part}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    (folder / "config.json").write_text(json.dumps(CONFIGURATION, indent=2))
    for name in ["generation_config.json", "special_tokens_map.json", "tokenizer.json"]:
        shutil.copyfile(TOKENIZER / name, folder / name)
    special = json.loads((TOKENIZER / "tokenizer_config.json").read_text())
    special["model_max_length"] = CONFIGURATION["max_position_embeddings"]
    (folder / "tokenizer_config.json").write_text(json.dumps(special, indent=2))
    for name, part in zip(names, parts, strict=True):
        write_shard(folder / name, part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="folder to write")
    parser.add_argument("--shards", type=int, default=1, help="number of files of the weights (default: 1)")
    options = parser.parse_args()
    if not 1 <= options.shards <= len(shapes()):
        parser.error(f"--shards: expected 1 to {len(shapes())}, found {options.shards}")
    if options.folder.exists():
        sys.exit(f"error: {options.folder} exists already. Remove it first, or choose another path.")
    part = options.folder.with_name(options.folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        write_model(part, options.shards)
        part.rename(options.folder)
    except OSError as error:
        print(f"error: {error.filename or part}: {error.strerror}. Check the path and the disk.", file=sys.stderr)
        sys.exit(os.EX_IOERR)
    print(f"wrote {options.folder}: {sum(map(math.prod, shapes().values())):,} weights in bfloat16, {options.shards} "
          f"file{'s' if options.shards > 1 else ''}")


if __name__ == "__main__":
    main()
