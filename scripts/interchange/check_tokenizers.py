"""Proves that t2 gives random Unicode texts the same tokens as the tokenizers library, and random tokens the same text.

Usage: python check_tokenizers.py --t2 PROGRAM [--tokenizer FILE …] [--texts COUNT]

FILE is a tokenizer.json (default: those of the fixtures of T2TextTests, one of each family). Fails if one text differs.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests/T2TextTests/Fixtures"
SEED = 20260711
POOLS = [
    "abcdefghijklmnopqrstuvwxyz", "ABC XYZ", "0123456789", " ", "  \u2581", "\t\n\r\v\f\x1c\x1d\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u3000",
    "'\"!?.,;:-_()[]{}<>|/\\", "'s't're've'm'll'd\u017f", "\u00e9\u00e8\u00fc\u00df\u00f1\u00e7\u00f8\u00e5\u0153", "\u0300\u0301\u0308\u0323\u0327\u0338\u05b0\u0651\u093c\u3099",
    "\u0421\u044a\u0435\u0448\u044c", "\u65e5\u672c\u8a9e\u4e2d\u6587", "\ud55c\uad6d\uc5b4\uac01\u1100\u1161\u11a8", "\u0645\u0631\u062d\u0628\u0627", "\u0939\u093f\u0928\u094d\u0926\u0940\u0967", "\U0001f600\U0001f44d\U0001f3fd\u200d\ufe0f\U0001f469\U0001f4bb\U0001f1e9\U0001f1ea",
    "\u2460\u2167\u00bd\u00b2", "\x00\x01\x1f\x7f\u200b\ufeff\ufffd\ufffe\uffff\ue000\ud7ff\U0010ffff", "<0x0A><unk>",
]
WORDS = ["the ", "The quick", "it's", " and", "  ", "\r\n", "\u2581\u2581", "<0xE2>", "\u1e9b\u0323", "don't", "12,345.6", "word", "aaaaaaaaaaaaaaaaaaaaaaaa"]


def random_text(generator: random.Random, tokens: list[str]) -> str:
    """From few alphabets, so that runs of one kind are frequent; with words, added tokens, and any scalar of Unicode."""
    pools = generator.sample(POOLS, generator.randint(1, 4))
    parts = []
    for _ in range(generator.choice((1, 3, 10, 30, 100))):
        kind = generator.random()
        if kind < 0.08 and tokens:
            parts.append(generator.choice(tokens))
        elif kind < 0.2:
            parts.append(generator.choice(WORDS))
        elif kind < 0.23:
            parts.append(chr(generator.choice((generator.randrange(0xD800), generator.randrange(0xE000, 0x110000)))))
        else:
            parts.append(generator.choice(generator.choice(pools)))
    return "".join(parts)


def make_model(tokenizer: pathlib.Path, size: int, folder: pathlib.Path) -> None:
    """The smallest model around a tokenizer, since t2 reads model folders."""
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": size, "hidden_size": 4, "intermediate_size": 4,
        "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "max_position_embeddings": 8, "tie_word_embeddings": True, "hidden_act": "silu", "bos_token_id": 0, "eos_token_id": 0,
    }))
    names = [f"self_attn.{name}_proj" for name in "qkvo"] + [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
    weights = {f"model.layers.0.{name}.weight": torch.zeros(4, 4) for name in names}
    for name in ("model.norm", "model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm"):
        weights[f"{name}.weight"] = torch.ones(4)
    save_file(weights | {"model.embed_tokens.weight": torch.zeros(size, 4)}, folder / "model.safetensors")


def tokenize(t2: pathlib.Path, model: pathlib.Path, lines: list[dict], *options: str) -> list[dict]:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run([t2, "tokenize", "--model", model, *options], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.split("\n") if line]


def check(t2: pathlib.Path, path: pathlib.Path, count: int) -> bool:
    oracle = Tokenizer.from_file(str(path))
    size = max(oracle.get_vocab().values()) + 1
    added = [token.content for token in oracle.get_added_tokens_decoder().values()]
    generator = random.Random(SEED)
    texts = [random_text(generator, added) for _ in range(count)]
    id_lists = [[generator.randrange(size) for _ in range(generator.randint(1, 12))] for _ in range(count)]
    expected = [oracle.encode(text, add_special_tokens=False).ids for text in texts]
    id_lists += expected
    with tempfile.TemporaryDirectory() as folder:
        make_model(path, size, pathlib.Path(folder))
        found = tokenize(t2, folder, [{"text": text} for text in texts])
        decoded = tokenize(t2, folder, [{"ids": ids} for ids in id_lists], "--decode")
    differences = [
        f"{text!r}: {ids}, t2 {line['ids']}" for text, ids, line in zip(texts, expected, found, strict=True) if ids != line["ids"]]
    differences += [
        f"{ids}: {text!r}, t2 {line['text']!r}" for ids, line in zip(id_lists, decoded, strict=True)
        if line["text"] != (text := oracle.decode(ids, skip_special_tokens=False))]
    print(f"{path.parent.name}: {len(texts)} texts and {len(id_lists)} lists of tokens, {len(differences)} differences", flush=True)
    for difference in differences[:5]:
        print(f"  {difference}")
    return not differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, nargs="+", default=sorted(FIXTURES.glob("*/tokenizer.json")))
    parser.add_argument("--texts", type=int, default=10_000)
    arguments = parser.parse_args()
    results = [check(arguments.t2.resolve(), path, arguments.texts) for path in arguments.tokenizer]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
