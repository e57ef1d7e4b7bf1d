"""Proves scripts/import_gguf on GGUF files that PyPI's gguf writes from tiny random models of transformers.

Usage: python check_gguf.py --t2 PROGRAM

For each architecture, kind of tokenizer and type of weights: the imported folder has the original's weights up to the rounding of
the file's type, t2 and transformers score in it what transformers scores in the original, and many texts have the original
tokenizer's ids in both. Then each way in which a file can be wrong must be refused with its reason.
"""

import argparse
import json
import pathlib
import random
import shutil
import struct
import sys
import unittest

import gguf
import import_gguf
import numpy as np
import torch
from check_tokenizers import check, random_text, tokenize
from gguf import GGMLQuantizationType as Type
from gguf_export import architecture_of, ids_of, model_values, scores_of, tensors_of, tokenizer_values, write
from gguf_tokenizer import PRE_TOKENIZERS
from import_case import ImportCase
from safetensors.torch import load_file
from scoring import SEED, load, scores_of_t2, scores_of_transformers, sequences
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config
from transformers.tokenization_utils_base import generate_merges

TOKENIZERS = pathlib.Path(__file__).resolve().parents[2] / "Tests/T2TextTests/Fixtures"
T2 = pathlib.Path("t2")
TEXTS = 2000
TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message.content }}\n{% endfor %}"
LLAMA3_ROPE = dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)
# Name: configuration, tokenizer of the fixtures, its name in GGUF, type of the weights, type to import.
CASES = {
    "llama-3": (LlamaConfig, dict(tie_word_embeddings=True, head_dim=32, rope_parameters=LLAMA3_ROPE), "llama3", "llama-bpe",
                Type.F32, "float32"),
    "llama-biased": (LlamaConfig, dict(
        attention_bias=True, mlp_bias=True, num_key_value_heads=4,
        rope_parameters=dict(rope_type="linear", rope_theta=5e5, factor=4.0)), "smollm", "smollm", Type.F16, "float32"),
    "llama-2": (LlamaConfig, dict(), "llama2", "default", Type.BF16, "bfloat16"),
    "llama-without-prefix": (LlamaConfig, dict(tie_word_embeddings=True), "crossing", "default", Type.F32, "float32"),
    "mistral": (MistralConfig, dict(sliding_window=7), "mistral3", "default", Type.F32, "float32"),
    "qwen2": (Qwen2Config, dict(tie_word_embeddings=True, rope_parameters=dict(
        rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=64)), "qwen2", "qwen2",
        Type.Q4_1, "bfloat16"),
    "qwen3": (Qwen3Config, dict(head_dim=24), "gpt2", "gpt-2", Type.Q8_0, "float16"),
}


def make_tokenizer(name: str) -> dict:
    """A fixture's tokenizer.json, with what GGUF can hold of it."""
    content = json.loads((TOKENIZERS / ("gpt2" if name == "smollm" else name) / "tokenizer.json").read_text())
    content["added_tokens"] = [token | dict(normalized=False) for token in content["added_tokens"]
                               if not (token["lstrip"] or token["rstrip"] or token["single_word"])]
    vocabulary = content["model"]["vocab"]
    # One fixture has its merges in the older form.
    content["model"]["merges"] = [pair if isinstance(pair, list) else pair.split(" ") for pair in content["model"]["merges"]]
    if content["model"]["byte_fallback"]:
        # Only added tokens without a gap before them keep their ids.
        known = len(vocabulary)
        content["added_tokens"] = [token for token in content["added_tokens"] if token["id"] < known]
        content["model"]["merges"] = [list(pair) for pair in generate_merges(vocabulary, scores_of(content))]
        if name == "mistral3":
            vocabulary["[INST]"] = known
            content["added_tokens"].append(content["added_tokens"][-1] | dict(id=known, content="[INST]"))
    else:
        for number, token in enumerate(content["added_tokens"]):
            token["id"] = len(vocabulary) + number
    if name == "smollm":
        content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True}, content["pre_tokenizer"]]}
    return content


def make_model(name: str, size: int, folder: pathlib.Path) -> None:
    config_class, options = CASES[name][:2]
    torch.manual_seed(SEED)
    model = AutoModelForCausalLM.from_config(config_class(**(dict(
        vocab_size=size, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=0, eos_token_id=1, initializer_range=0.2) | options)))
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "norm" in parameter_name or "bias" in parameter_name:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)


class File:
    """A GGUF file to be written, whose parts a test may change first."""

    def __init__(self, name: str, folder: pathlib.Path):
        _, _, tokenizer, self.pre, self.type, _ = CASES[name]
        self.content = make_tokenizer(tokenizer)
        self.original = folder / f"{name}-original"
        make_model(name, len(ids_of(self.content)) + 3, self.original)
        (self.original / "tokenizer.json").write_text(json.dumps(self.content))
        self.config = load(self.original).config
        self.architecture = architecture_of(self.config)
        self.tensors = tensors_of(self.config, load_file(self.original / "model.safetensors"))
        special = [token["id"] for token in self.content["added_tokens"] if token["special"]]
        bos = special[1 if self.content["model"]["byte_fallback"] else 0]
        self.values = model_values(self.config) | tokenizer_values(self.content, self.config.vocab_size, self.pre, bos, special[-1])
        self.values["tokenizer.chat_template"] = TEMPLATE

    def write(self, path: pathlib.Path) -> pathlib.Path:
        return write(path, self.architecture, self.values, self.tensors, self.type)


class ImportTests(ImportCase):
    output_name = "imported"

    def run_import(self, file: pathlib.Path, *options: str) -> tuple[int, str]:
        return self.outcome(import_gguf.main, [file, "--output", self.output, *options])

    def test_models(self):
        for name, case in CASES.items():
            with self.subTest(name):
                shutil.rmtree(self.output, ignore_errors=True)
                file = File(name, self.folder)
                self.assertEqual(self.run_import(file.write(self.folder / f"{name}.gguf"), "--dtype", case[-1]), (0, ""))
                self.check_weights(name, file, case)
                self.check_texts(name, file)

    def check_weights(self, name: str, file: File, case: tuple) -> None:
        """Against the original, whose matrices are rounded as the GGUF file's type and then the imported one do it."""
        dtype = getattr(torch, case[-1])
        imported = load_file(self.output / "model.safetensors")
        network = load(file.original, dtype=torch.float32)
        parameters = dict(network.named_parameters())
        self.assertEqual(set(imported), set(parameters))
        with torch.no_grad():
            for key, parameter in parameters.items():
                if parameter.ndim == 2:
                    data = gguf.quants.quantize(parameter.numpy(), file.type)
                    parameter.copy_(torch.from_numpy(gguf.quants.dequantize(data, file.type).reshape(parameter.shape)))
                parameter.copy_(parameter.to(dtype).float())
                self.assertTrue(torch.equal(imported[key], parameter.to(dtype)), key)
        ids = sequences(network.config.vocab_size, network.config.max_position_embeddings)
        expected = scores_of_transformers(network, ids)
        theirs = load(self.output, dtype=torch.float32)
        self.assertEqual(theirs.config.model_type, network.config.model_type)
        self.assertLess((scores_of_transformers(theirs, ids) - expected).abs().max().item(), 1e-4)
        difference = (scores_of_t2(T2, self.output, ids) - expected).abs().max().item()
        self.assertLess(difference, 1e-4)
        print(f"{name} ({file.type.name} to {case[-1]}): largest difference of a log-probability {difference:.2e}", flush=True)

    def check_texts(self, name: str, file: File) -> None:
        oracle = Tokenizer.from_str(json.dumps(file.content))
        generator = random.Random(SEED)
        added = [token["content"] for token in file.content["added_tokens"]]
        texts = [random_text(generator, added) for _ in range(TEXTS)]
        expected = [oracle.encode(text, add_special_tokens=False).ids for text in texts]
        found = [line["ids"] for line in tokenize(T2, self.output, [{"text": text} for text in texts])]
        theirs = AutoTokenizer.from_pretrained(self.output)
        for text, ids, ours in zip(texts, expected, found, strict=True):
            self.assertEqual(ours, ids, f"{name}: {text!r}")
            self.assertEqual(theirs(text, add_special_tokens=False)["input_ids"], ids, f"{name} in transformers: {text!r}")
        self.assertEqual(theirs("a b")["input_ids"][:2], oracle.encode("a b").ids[:2])
        messages = [{"role": "user", "content": "Hello  world 123"}]
        chat = tokenize(T2, self.output, [{"messages": messages}], "--chat")[0]
        bos = file.values["tokenizer.ggml.tokens"][file.values["tokenizer.ggml.bos_token_id"]]
        self.assertEqual(chat["text"], f"{bos}Hello  world 123\n")
        self.assertEqual(chat["ids"], theirs.apply_chat_template(messages, return_dict=False))
        ends = json.loads((self.output / "generation_config.json").read_text())["eos_token_id"]
        self.assertEqual(ends, file.values["tokenizer.ggml.eos_token_id"])
        print(f"{name}: {TEXTS} texts have the ids of the original", flush=True)

    def test_pre_tokenizers(self):
        """t2 reads each as the tokenizers library does."""
        content = make_tokenizer("llama3")
        for name, (normalizer, pre_tokenizer, ignores_merges, _) in PRE_TOKENIZERS.items():
            content |= {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer}
            content["model"]["ignore_merges"] = ignores_merges
            path = self.folder / name / "tokenizer.json"
            path.parent.mkdir()
            path.write_text(json.dumps(content))
            self.assertTrue(check(T2, path, TEXTS), name)

    def assert_refused(self, file: pathlib.Path, *reasons: str, status: int = 65, options: tuple[str, ...] = ()) -> None:
        found, errors = self.run_import(file, *options)
        self.assertEqual(found, status, errors)
        for reason in ("error: ", *reasons):
            self.assertIn(reason, errors)
        self.assertFalse(self.output.exists())
        self.assertEqual(list(self.folder.glob(".imported.tmp*")), [])

    def assert_value_refused(self, name: str, values: dict, *reasons: str) -> None:
        file = File(name, self.folder)
        file.values = {key: value for key, value in (file.values | values).items() if value is not None}
        self.assert_refused(file.write(self.folder / "changed.gguf"), *reasons)

    def test_unsupported_models(self):
        self.assert_value_refused("qwen2", {"qwen2.expert_count": 8}, "mixture of experts (expert_count is 8)")
        self.assert_value_refused("qwen2", {"qwen2.logit_scale": 0.5}, "'qwen2.logit_scale' is unknown")
        self.assert_value_refused("qwen2", {"qwen2.rope.scaling.type": "longrope"}, "rope scaling is 'longrope'")
        self.assert_value_refused("qwen2", {"qwen2.attention.head_count": [4, 4]}, "head_count' is a list")
        self.assert_value_refused("qwen2", {"qwen2.block_count": None}, "has no 'qwen2.block_count'")
        self.assert_value_refused("qwen2", {"qwen2.block_count": 3}, "no tensor 'blk.2.attn_q.weight'")
        self.assert_value_refused("qwen2", {"qwen2.block_count": 1}, "a tensor 'blk.1.attn_norm.weight'")
        self.assert_value_refused("qwen2", {"split.count": 2}, "one of 2 parts", "llama-gguf-split --merge")
        file = File("qwen2", self.folder)
        file.architecture = "gemma3"
        self.assert_refused(file.write(self.folder / "gemma.gguf"), "architecture is 'gemma3'")

    def test_unsupported_tokenizers(self):
        self.assert_value_refused("qwen2", {"tokenizer.ggml.pre": "deepseek-v3"}, "pre-tokenizer is 'deepseek-v3'")
        self.assert_value_refused("qwen2", {"tokenizer.ggml.token_type": None}, "has no 'tokenizer.ggml.token_type'")
        self.assert_value_refused("qwen2", {"tokenizer.ggml.model": "t5"}, "of the kind 't5'")
        self.assert_value_refused("qwen2", {"tokenizer.ggml.eos_token_id": 9999}, "eos token is 9999")
        self.assert_value_refused("qwen2", {"tokenizer.ggml.merges": ["a b c"]}, "merge 'a b c'")
        self.assert_value_refused("qwen2", {"tokenizer.ggml.token_type": [1]}, "types of 1")
        self.assert_value_refused("qwen2", {"tokenizer.chat_templates": ["../x"]}, "chat template of the name '../x'")
        size = len(File("llama-2", self.folder).values["tokenizer.ggml.tokens"])
        self.assert_value_refused("llama-2", {"tokenizer.ggml.scores": [-1000.0] * size}, "all have one score")

    def test_wrong_weights(self):
        file = File("llama-3", self.folder)
        values = file.tensors["blk.0.ffn_up.weight"]
        for wrong, reason in ((values[:-1], "shape [95, 64], expected [96, 64]"), (np.full_like(values, np.nan), "no finite numbers")):
            file.tensors["blk.0.ffn_up.weight"] = wrong
            self.assert_refused(file.write(self.folder / "changed.gguf"), "'blk.0.ffn_up.weight'", reason)
        file.tensors["blk.0.ffn_up.weight"] = np.full_like(values, 1e6)
        self.assert_refused(file.write(self.folder / "changed.gguf"), "that float16 cannot hold", options=("--dtype", "float16"))
        file.tensors["blk.0.ffn_up.weight"] = values
        file.tensors["rope_freqs.weight"] = file.tensors["rope_freqs.weight"] ** 2
        self.assert_refused(file.write(self.folder / "changed.gguf"), "factors of Llama 3's rope scaling")

    def test_damaged_files(self):
        good = File("qwen3", self.folder).write(self.folder / "good.gguf")
        content = good.read_bytes()
        damaged = self.folder / "damaged.gguf"
        for size in (0, 3, 30, 5000, len(content) // 2, len(content) - 1):
            damaged.write_bytes(content[:size])
            self.assert_refused(damaged, "not a readable GGUF file", "Copy it again")
        # The number of metadata values, the length of the first key, and the length of a list.
        place = content.index(b"tokenizer.ggml.tokens") + len("tokenizer.ggml.tokens") + 8
        for offset in (8, 16, 24, place):
            for number in (1 << 40, (1 << 64) - 1):
                damaged.write_bytes(content[:offset] + struct.pack("<Q", number) + content[offset + 8:])
                self.assert_refused(damaged, "not a readable GGUF file")
        generator = random.Random(SEED)
        for _ in range(200):
            changed = bytearray(content)
            changed[generator.randrange(20000)] = generator.randrange(256)
            damaged.write_bytes(changed)
            status, errors = self.run_import(damaged)
            self.assertIn(status, (0, 65), errors)
            shutil.rmtree(self.output, ignore_errors=True)

    def test_paths(self):
        good = File("qwen3", self.folder).write(self.folder / "good.gguf")
        self.assert_refused(self.folder / "none.gguf", "no such file", status=66)
        self.assert_refused(good, "there is no folder", status=73, options=("--output", str(self.folder / "none" / "model")))
        self.output.mkdir()
        status, errors = self.run_import(good)
        self.assertEqual((status, list(self.output.iterdir())), (73, []), errors)
        self.assertIn("exists already", errors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    T2 = options.t2.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
