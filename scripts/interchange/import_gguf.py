"""Turns a GGUF file into a Hugging Face model folder, which t2 and transformers read.

Examples:
  scripts/import_gguf SmolLM2-135M-Instruct.Q4_1.gguf --output models/smollm2-135m
  scripts/import_gguf Qwen3-0.6B-BF16.gguf --output models/qwen3 --dtype bfloat16

It reads Llama (2 to 3.3), Mistral (which GGUF calls llama), Qwen2, Qwen2.5 and Qwen3, in every quantisation that PyPI's gguf
undoes. Quantised weights stay as coarse as they are: the model's own folder is better, where there is one. The tokenizer (byte-level
or SentencePiece's BPE), the special tokens and the chat template come from the file's metadata. What GGUF does not hold is lost: a
sliding window that the file does not name, and the flags of added tokens. The folder appears whole or not at all.
"""

import argparse
import errno
import json
import os
import pathlib
import shutil
import signal
import struct
import sys
from collections.abc import Callable

import gguf
import numpy as np
from gguf_file import File
from gguf_model import make_configuration, weights
from gguf_tokenizer import TokenizerOfFile
from input_error import InputError

ELEMENTS = {"bfloat16": ("BF16", 2), "float16": ("F16", 2), "float32": ("F32", 4)}


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """The nearest values of this type; ties go to even."""
    if dtype == "bfloat16":
        return gguf.quants.quantize(values, gguf.GGMLQuantizationType.BF16)
    with np.errstate(over="ignore"):
        return values.astype("<f2" if dtype == "float16" else "<f4")


def write_weights(path: pathlib.Path, source: pathlib.Path, dtype: str,
                  tensors: dict[str, tuple[list[int], Callable[[], np.ndarray]]]) -> None:
    """Writes one tensor after another, of which one is in memory at a time."""
    element, size = ELEMENTS[dtype]
    header: dict = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (shape, _) in tensors.items():
        start, end = end, end + size * int(np.prod(shape))
        header[name] = {"dtype": element, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for index, (name, (_, load)) in enumerate(tensors.items(), 1):
            values = rounded(load(), dtype)
            if dtype == "float16" and not np.isfinite(values).all():
                raise InputError(source, f"'{name}' has values that float16 cannot hold", "Import it with --dtype bfloat16.")
            file.write(values.tobytes())
            if sys.stderr.isatty():
                print(f"\rimporting: {index} of {len(tensors)} tensors", end="" if index < len(tensors) else "\n", file=sys.stderr,
                      flush=True)
        file.flush()
        os.fsync(file.fileno())


def write_text(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())


def import_file(options: argparse.Namespace) -> None:
    output = options.output.absolute()
    if output.exists():
        raise InputError(options.output, "exists already", "Remove it first, or choose another path.", os.EX_CANTCREAT)
    if not output.parent.is_dir():
        raise InputError(options.output, f"cannot be written: there is no folder '{output.parent}'",
                         "Create it first, or choose another path.", os.EX_CANTCREAT)
    file = File(options.file)
    tokenizer = TokenizerOfFile(file)
    tokens = tokenizer.content()
    configuration = make_configuration(file, len(tokenizer.tokens))
    tensors = weights(file, configuration)
    ids = {"bos_token_id": tokenizer.bos, "eos_token_id": tokenizer.eos, "pad_token_id": tokenizer.padding}
    ends = tokenizer.ends
    generation = ids | {"eos_token_id": ends if len(ends) > 1 else tokenizer.eos}
    special = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False,
               "model_max_length": configuration["max_position_embeddings"]} | tokenizer.names()
    texts = {
        "config.json": json.dumps(configuration | ids | {"torch_dtype": options.dtype}, indent=2),
        "generation_config.json": json.dumps({name: value for name, value in generation.items() if value is not None}, indent=2),
        "tokenizer.json": json.dumps(tokens, ensure_ascii=False),
        "tokenizer_config.json": json.dumps(special, indent=2, ensure_ascii=False),
    } | tokenizer.templates()
    if tokenizer.kind == "gpt2" and file.values.get("tokenizer.ggml.pre", "default") == "default":
        print(f"note: {options.file} does not say how its tokenizer splits text. It is split as llama.cpp does then, which may not be "
              "the model's own way.", file=sys.stderr)
    temporary = output.with_name(f".{output.name}.tmp-{os.getpid()}")
    try:
        temporary.mkdir()
        for name, text in texts.items():
            write_text(temporary / name, text)
        write_weights(temporary / "model.safetensors", options.file, options.dtype, tensors)
        temporary.rename(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    kinds = sorted({tensor.tensor_type.name for tensor in file.tensors.values()})
    count = sum(int(np.prod(shape)) for shape, _ in tensors.values())
    print(f"wrote {options.output}: a {configuration['model_type']} model with {count:,} weights from {', '.join(kinds)}, "
          f"{len(tokenizer.used):,} tokens")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/import_gguf", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path, help="GGUF file")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder to write")
    parser.add_argument("--dtype", choices=ELEMENTS, default="bfloat16", help="type of the weights to write (default: bfloat16)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        import_file(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
    except OSError as error:
        place = error.filename or options.output
        print(f"error: {place}: {error.strerror}. Check the path and the disk.", file=sys.stderr)
        sys.exit(os.EX_NOINPUT if error.errno == errno.ENOENT else os.EX_IOERR)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
