"""What a GGUF file says about the model: a config.json, and its weights under their Hugging Face names."""

import math
from collections.abc import Callable

import numpy as np
from gguf_file import File
from input_error import InputError

USE_ANOTHER = "t2 runs no such model: use another."
CLASSES = {"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
ATTENTION = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj"}
FEED_FORWARD = {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
NORMS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
HEAD_NORMS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}
ROPE_FACTORS = "rope_freqs.weight"
# Of Llama 3.1 to 3.3; their factor and original context follow from the tensor of factors.
LOW_FREQUENCY, HIGH_FREQUENCY = 1.0, 4.0


def decimal(value: float) -> float:
    """The shortest decimal number for a float32, as a config.json had it before it became one."""
    return float(str(np.float32(value)))


def make_configuration(file: File, tokens: int) -> dict:
    """The content of a config.json, without its token ids.

    `tokens` is the number of tokens in the file's vocabulary."""
    kinds = ("llama", "qwen2", "qwen3")
    if file.architecture not in kinds:
        raise InputError(file.path, f"its architecture is '{file.architecture}', expected {', '.join(kinds[:-1])} or {kinds[-1]}",
                         USE_ANOTHER)
    for key in ("expert_count", "expert_used_count"):
        if (count := file.of_model(key, int, 0)) != 0:
            raise InputError(file.path, f"it is a mixture of experts ({key} is {count})", USE_ANOTHER)
    heads = file.of_model("attention.head_count", int)
    hidden = file.of_model("embedding_length", int)
    if min(heads, hidden) < 1:
        raise InputError(file.path, f"it has {heads} heads and hidden size {hidden}, expected 1 or more", USE_ANOTHER)
    head_size = file.of_model("attention.key_length", int, hidden // heads)
    if head_size < 2 or head_size % 2:
        raise InputError(file.path, f"its heads have the size {head_size}, expected an even number above 0", USE_ANOTHER)
    for key in ("attention.value_length", "rope.dimension_count"):
        if (size := file.of_model(key, int, head_size)) != head_size:
            raise InputError(file.path, f"{key} is {size}, expected the size of a head, {head_size}", USE_ANOTHER)
    window = file.of_model("attention.sliding_window", int, 0)
    if window and file.architecture != "llama":
        raise InputError(file.path, f"attention.sliding_window is {window}, expected none for {file.architecture}", USE_ANOTHER)
    rows = file.shape("token_embd.weight")[0] if "token_embd.weight" in file.tensors else tokens
    if not file.of_model("vocab_size", int, rows) == rows >= tokens:
        raise InputError(file.path, f"it has {tokens} tokens, but {rows} rows of embeddings", USE_ANOTHER)
    model_type = "mistral" if window else file.architecture
    configuration = {
        "architectures": [CLASSES[model_type]], "model_type": model_type, "vocab_size": rows, "hidden_size": hidden,
        "intermediate_size": file.of_model("feed_forward_length", int),
        "num_hidden_layers": file.of_model("block_count", int), "num_attention_heads": heads,
        "num_key_value_heads": file.of_model("attention.head_count_kv", int, heads), "head_dim": head_size, "hidden_act": "silu",
        "rms_norm_eps": decimal(file.of_model("attention.layer_norm_rms_epsilon", float)),
        "max_position_embeddings": file.of_model("context_length", int),
        "rope_theta": decimal(file.of_model("rope.freq_base", float, 10_000.0)),
        "tie_word_embeddings": "output.weight" not in file.tensors,
    }
    if window:
        configuration["sliding_window"] = window
    if scaling := rope_scaling(file, configuration["rope_theta"], head_size):
        configuration["rope_scaling"] = scaling
    if file.architecture != "qwen2" and model_type != "mistral":
        configuration["attention_bias"] = "blk.0.attn_q.bias" in file.tensors
    if model_type == "llama":
        configuration["mlp_bias"] = "blk.0.ffn_gate.bias" in file.tensors
    file.of_model("tensor_data_layout", str, "")
    if not file.of_model("attention.causal", bool, True):
        raise InputError(file.path, "its attention is not causal", USE_ANOTHER)
    if unknown := file.unused(f"{file.architecture}."):
        raise InputError(file.path, f"its key '{unknown[0]}' is unknown here, and may change what the model computes", USE_ANOTHER)
    return configuration


def rope_scaling(file: File, theta: float, head_size: int) -> dict | None:
    kind = file.of_model("rope.scaling.type", str, "none")
    factor = decimal(file.of_model("rope.scaling.factor", float, file.of_model("rope.scale_linear", float, 1.0)))
    original = file.of_model("rope.scaling.original_context_length", int, 0)
    file.of_model("rope.scaling.finetuned", bool, False)
    if ROPE_FACTORS in file.tensors:
        return llama3_scaling(file, theta, head_size)
    if kind == "yarn":
        return {"rope_type": "yarn", "factor": factor} | ({"original_max_position_embeddings": original} if original else {})
    if kind == "linear" or (kind == "none" and f"{file.architecture}.rope.scale_linear" in file.values):
        return {"rope_type": "linear", "factor": factor} if factor != 1 else None
    if kind != "none":
        raise InputError(file.path, f"its rope scaling is '{kind}', expected none, linear, yarn or Llama 3's", USE_ANOTHER)
    return None


def llama3_scaling(file: File, theta: float, head_size: int) -> dict:
    """The parameters from which the file's factors follow: 1 for short waves, `factor` for long ones, and between them
    1 / ((1 - s) / factor + s) with s = (original / wave length - low) / (high - low)."""
    problem = InputError(file.path, f"'{ROPE_FACTORS}' does not hold the factors of Llama 3's rope scaling", USE_ANOTHER)
    found = file.load(ROPE_FACTORS).astype(np.float64)
    if found.shape != (head_size // 2,) or (found < 1).any() or theta <= 1:
        raise problem
    lengths = 2 * math.pi * theta ** (np.arange(0, head_size, 2) / head_size)
    factor = float(found.max())
    between = np.flatnonzero((found > 1 + 1e-6) & (found < factor * (1 - 1e-6)))
    if not between.size:
        raise problem
    first = between[0]
    smooth = (1 / found[first] - 1 / factor) / (1 - 1 / factor)
    original = round(lengths[first] * (smooth * (HIGH_FREQUENCY - LOW_FREQUENCY) + LOW_FREQUENCY))
    smooth = np.clip((original / lengths - LOW_FREQUENCY) / (HIGH_FREQUENCY - LOW_FREQUENCY), 0, 1)
    if not np.allclose(1 / ((1 - smooth) / factor + smooth), found, rtol=1e-4, atol=0):
        raise problem
    return {"rope_type": "llama3", "factor": decimal(factor), "low_freq_factor": LOW_FREQUENCY,
            "high_freq_factor": HIGH_FREQUENCY, "original_max_position_embeddings": original}


def unpermuted(values: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp keeps the two halves of each head's rows alternating: [heads, half, 2] becomes [heads, 2, half]."""
    return values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def weights(file: File, configuration: dict) -> dict[str, tuple[list[int], Callable[[], np.ndarray]]]:
    """Shape and values of each weight by its Hugging Face name. The file must hold exactly these."""
    size = configuration
    hidden, inner, head = size["hidden_size"], size["intermediate_size"], size["head_dim"]
    heads, pairs = size["num_attention_heads"], size["num_key_value_heads"]
    outputs = {"attn_q": heads * head, "attn_k": pairs * head, "attn_v": pairs * head, "attn_output": hidden,
               "ffn_gate": inner, "ffn_up": inner, "ffn_down": hidden}
    inputs = {"attn_output": heads * head, "ffn_down": inner}
    biased = [*ATTENTION] if size.get("attention_bias") else ["attn_q", "attn_k", "attn_v"] if size["model_type"] == "qwen2" else []
    biased += [*FEED_FORWARD] if size.get("mlp_bias") else []
    if not 0 < size["num_hidden_layers"] <= 4096:
        raise InputError(file.path, f"it has {size['num_hidden_layers']} layers, expected 1 to 4096", USE_ANOTHER)
    names = {"token_embd.weight": ("model.embed_tokens.weight", [size["vocab_size"], hidden]),
             "output_norm.weight": ("model.norm.weight", [hidden])}
    if not size["tie_word_embeddings"]:
        names["output.weight"] = ("lm_head.weight", [size["vocab_size"], hidden])
    for layer in range(size["num_hidden_layers"]):
        def add(name: str, target: str, shape: list[int]) -> None:
            names[f"blk.{layer}.{name}"] = (f"model.layers.{layer}.{target}", shape)
        for name, target in (ATTENTION | FEED_FORWARD).items():
            add(f"{name}.weight", f"{target}.weight", [outputs[name], inputs.get(name, hidden)])
            if name in biased:
                add(f"{name}.bias", f"{target}.bias", [outputs[name]])
        for name, target in NORMS.items():
            add(f"{name}.weight", f"{target}.weight", [hidden])
        if size["model_type"] == "qwen3":
            for name, target in HEAD_NORMS.items():
                add(f"{name}.weight", f"{target}.weight", [head])
    for name in file.tensors:
        if name not in names and name != ROPE_FACTORS:
            raise InputError(file.path, f"it has a tensor '{name}', which a {size['model_type']} model has not", USE_ANOTHER)
    result = {}
    for name, (target, shape) in names.items():
        if name not in file.tensors:
            raise InputError(file.path, f"it has no tensor '{name}'", "Is it a whole model? Use another file.")
        if file.shape(name) != shape:
            raise InputError(file.path, f"'{name}' has shape {file.shape(name)}, expected {shape}", USE_ANOTHER)
        rows = {"attn_q": heads, "attn_k": pairs}.get(name.split(".")[-2]) if file.architecture == "llama" else None
        result[target] = (shape, lambda name=name, rows=rows: unpermuted(file.load(name), rows) if rows else file.load(name))
    return result
