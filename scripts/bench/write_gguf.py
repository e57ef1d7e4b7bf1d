"""Writes a model folder (Llama, Mistral, Qwen2, Qwen3) as a GGUF file with matrices in bf16 or q8_0.

Usage: python write_gguf.py FOLDER FILE --type bf16|q8_0
"""

import argparse
import json
import pathlib
import sys

import torch
from gguf import GGMLQuantizationType
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interchange"))
import gguf_export  # noqa: E402  after the path on which it lies
from gguf_tokenizer import PRE_TOKENIZERS  # noqa: E402

ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--type", choices=("bf16", "q8_0"), required=True, help="of the matrices; vectors are in float32")
    arguments = parser.parse_args()
    content = json.loads((arguments.folder / "tokenizer.json").read_text())
    architecture = json.loads((arguments.folder / "config.json").read_text()).get("model_type")
    if architecture not in ARCHITECTURES or content["model"]["type"] != "BPE":
        sys.exit(f"write_gguf: {arguments.folder} is of the kind '{architecture}' with a tokenizer of the kind '{content['model']['type']}', expected "
                 f"{', '.join(ARCHITECTURES)} with BPE. Use another model")
    model = AutoModelForCausalLM.from_pretrained(arguments.folder, dtype=torch.bfloat16)
    config = model.config
    weights = dict(model.named_parameters())
    content["model"]["merges"] = [pair if isinstance(pair, list) else pair.split(" ") for pair in content["model"]["merges"]]
    pre = next((name for name, parts in PRE_TOKENIZERS.items() if parts[1] == content["pre_tokenizer"]), "default")
    eos = config.eos_token_id[0] if isinstance(config.eos_token_id, list) else config.eos_token_id
    values = gguf_export.model_values(config) | gguf_export.tokenizer_values(
        content, config.vocab_size, pre, config.bos_token_id, eos)
    with torch.no_grad():
        tensors = gguf_export.tensors_of(config, weights)
    kind = GGMLQuantizationType[arguments.type.upper()]
    known = {key: value for key, value in values.items() if value is not None}
    gguf_export.write(arguments.file, gguf_export.architecture_of(config), known, tensors, kind)


if __name__ == "__main__":
    main()
