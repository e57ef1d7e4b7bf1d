"""A model of transformers (Llama, Mistral, Qwen2, Qwen3) as a GGUF file, as llama.cpp's own converter writes it."""

import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType, TokenType

NAMES = {
    "embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "q_norm": "attn_q_norm", "k_norm": "attn_k_norm", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}


def architecture_of(config) -> str:
    return "llama" if config.model_type == "mistral" else config.model_type


def head_dimension(config) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def permuted(values: np.ndarray, heads: int) -> np.ndarray:
    """As llama.cpp's converter writes q and k of a Llama: the rows of a head's halves alternate."""
    return values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def rope_factors(config) -> np.ndarray:
    """The divisors of the frequencies in Llama 3's rope scaling, as llama.cpp's converter computes them; shape [head dimension / 2]."""
    rope, factors = config.rope_parameters, []
    for index in range(0, head_dimension(config), 2):
        length = 2 * np.pi * rope["rope_theta"] ** (index / head_dimension(config))
        original = rope["original_max_position_embeddings"]
        if length < original / rope["high_freq_factor"]:
            factors.append(1)
        elif length > original / rope["low_freq_factor"]:
            factors.append(rope["factor"])
        else:
            smooth = (original / length - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def tensors_of(config, weights) -> dict[str, np.ndarray]:
    """The tensors by their names in GGUF, in float32; `weights` are PyTorch's by their names in transformers."""
    tensors = {}
    for name, values in weights.items():
        values = values.float().numpy()
        if architecture_of(config) == "llama" and ("q_proj" in name or "k_proj" in name):
            values = permuted(values, config.num_attention_heads if "q_proj" in name else config.num_key_value_heads)
        target = next(target for part, target in NAMES.items() if part in name) + "." + name.split(".")[-1]
        tensors[f"blk.{name.split('.')[2]}.{target}" if ".layers." in name else target] = values
    if config.rope_parameters["rope_type"] == "llama3":
        tensors["rope_freqs.weight"] = rope_factors(config)
    return tensors


def model_values(config) -> dict:
    """The metadata of the architecture."""
    rope, head = config.rope_parameters, head_dimension(config)
    of_model = {
        "block_count": config.num_hidden_layers, "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size, "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads, "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": config.rms_norm_eps, "rope.freq_base": float(rope["rope_theta"]),
        "vocab_size": config.vocab_size, "attention.key_length": head, "attention.value_length": head,
    }
    if architecture_of(config) == "llama":
        of_model["rope.dimension_count"] = head
    if config.model_type == "mistral" and config.sliding_window:
        of_model["attention.sliding_window"] = config.sliding_window
    if rope["rope_type"] in ("linear", "yarn"):
        of_model |= {"rope.scaling.type": rope["rope_type"], "rope.scaling.factor": rope["factor"]}
    if rope["rope_type"] == "yarn":
        of_model["rope.scaling.original_context_length"] = rope["original_max_position_embeddings"]
    return {f"{architecture_of(config)}.{key}": value for key, value in of_model.items()}


def scores_of(content: dict) -> dict[str, float]:
    """As SentencePiece gives them: 0 for the first merged piece, then -1 and so on."""
    merged = list(dict.fromkeys("".join(pair) for pair in content["model"]["merges"]))
    order = {piece: -float(rank) for rank, piece in enumerate(merged)}
    return {piece: order.get(piece, -float(len(merged) + index)) for index, piece in enumerate(content["model"]["vocab"])}


def ids_of(content: dict) -> dict[str, int]:
    return content["model"]["vocab"] | {token["content"]: token["id"] for token in content["added_tokens"]}


def tokenizer_values(content: dict, size: int, pre: str, bos: int, eos: int) -> dict:
    """The metadata of the tokenizer.

    - content: a tokenizer.json, whose merges are pairs.
    - size: the number of rows of the embeddings, some of which may have no token.
    - pre: the name of its pre-tokenizer in GGUF.
    """
    ids, model = ids_of(content), content["model"]
    by_id = {index: token for token, index in ids.items()}
    tokens = [by_id.get(index, f"[PAD{index}]") for index in range(size)]
    types = [TokenType.NORMAL if index in by_id else TokenType.UNUSED for index in range(size)]
    for token in content["added_tokens"]:
        types[token["id"]] = TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
    is_sentence_piece = model["byte_fallback"]
    if is_sentence_piece:
        for token, index in ids.items():
            types[index] = TokenType.BYTE if token.startswith("<0x") else types[index]
        types[ids["<unk>"]] = TokenType.UNKNOWN
    starts = content["post_processor"] and "SpecialToken" in str(content["post_processor"])
    values = {
        "tokenizer.ggml.model": "llama" if is_sentence_piece else "gpt2", "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": [int(kind) for kind in types],
        "tokenizer.ggml.add_bos_token": bool(starts), "tokenizer.ggml.bos_token_id": bos, "tokenizer.ggml.eos_token_id": eos,
    }
    if is_sentence_piece:
        scores = scores_of(content)
        values["tokenizer.ggml.scores"] = [scores.get(token, -1000.0) for token in tokens]
        values["tokenizer.ggml.unknown_token_id"] = ids["<unk>"]
        values["tokenizer.ggml.add_space_prefix"] = "Strip" in str(content["decoder"])
    else:
        values["tokenizer.ggml.merges"] = [" ".join(pair) for pair in model["merges"]]
    return values


def write(path: pathlib.Path, architecture: str, values: dict, tensors: dict[str, np.ndarray], kind: GGMLQuantizationType) -> pathlib.Path:
    """Writes matrices in the type `kind` and vectors in float32."""
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in values.items():
        add = {str: writer.add_string, bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32,
               list: writer.add_array}[type(value)]
        add(key, value)
    for name, tensor in tensors.items():
        tensor_kind = kind if tensor.ndim == 2 else GGMLQuantizationType.F32
        writer.add_tensor(name, gguf.quants.quantize(tensor, tensor_kind), raw_dtype=tensor_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
