"""Proves that transformers, on what `t2 experts merge` wrote, computes what t2 computes with the expert.

Usage: python check_merge.py --t2 PROGRAM

On the bundled model with a trained expert, and with random ones on the tiny random models of the tests, of which one has a head of
its own, and on that one in bfloat16 shards. Prints the largest difference of a token's log-probability, float32, and fails past
1e-4, or if a folder's weights are of another type than asked for.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from expert_file import write_expert
from scoring import SEED, load, scores_of_t2, scores_of_transformers, sequences
from transformers import AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/T2TestSupport/Fixtures"
TOLERANCE = 1e-4


def random_expert(t2: pathlib.Path, model: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    """z around 1 for all linear weights."""
    described = subprocess.run([t2, "inspect", "--model", model, "--json"], capture_output=True, check=True)
    generator = torch.Generator().manual_seed(SEED)
    z = {name: 1 + 0.2 * torch.randn(min(weight.shape), generator=generator)
         for name, weight in load(model).named_parameters() if name.endswith("_proj.weight")}
    write_expert(path, z, json.loads(described.stdout)["digest"], "random", "direct", {})
    return path


def make_shards(model: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The model as transformers saves a large one: bfloat16, cut into several files under an index."""
    load(model, dtype=torch.bfloat16).save_pretrained(folder, max_shard_size="20KB")
    shutil.copy(model / "tokenizer.json", folder)
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    return folder


def merge(t2: pathlib.Path, model: pathlib.Path, expert: pathlib.Path, output: pathlib.Path, *options: str) -> pathlib.Path:
    subprocess.run([t2, "experts", "merge", "--model", model, "--expert", expert, "--output", output, *options], check=True,
                   stdout=subprocess.DEVNULL)
    return output


def check(t2: pathlib.Path, model: pathlib.Path, expert: pathlib.Path, work: pathlib.Path) -> bool:
    """Merged as float32 it computes the same; merged as it is, or as float16, it has that type."""
    merged = merge(t2, model, expert, work / f"{model.name}-merged", "--dtype", "float32")
    network = load(merged)
    ids = sequences(network.config.vocab_size, network.config.max_position_embeddings)
    ours = scores_of_t2(t2, model, ids, expert)
    difference = (ours - scores_of_transformers(network, ids)).abs().max().item()
    effect = (scores_of_t2(t2, model, ids) - ours).abs().max().item()
    types = [load(model).dtype, load(merge(t2, model, expert, work / f"{model.name}-same")).dtype, network.dtype,
             load(merge(t2, model, expert, work / f"{model.name}-half", "--dtype", "float16")).dtype]
    head = "tied" if network.config.tie_word_embeddings else "untied"
    print(f"{model.name} ({head}, {types[0]}): {len(ours)} tokens, largest difference {difference:.2e}; "
          f"the expert's effect {effect:.2f}")
    return (difference < TOLERANCE and effect > 100 * TOLERANCE and types[0] == types[1]
            and types[2:] == [torch.float32, torch.float16])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True)
    t2 = parser.parse_args().t2.resolve()
    bundled = ROOT / "experts/tiny/base"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        results = [check(t2, bundled, ROOT / "experts/tiny/math.safetensors", work)]
        shards = make_shards(FIXTURES / "multihead-untied", work / "shards")
        for model in (FIXTURES / "grouped-tied", FIXTURES / "multihead-untied", shards):
            results.append(check(t2, model, random_expert(t2, model, work / f"{model.name}.safetensors"), work))
        text = "Question: Tom has 3 bags.\nAnswer:"
        tokens = [AutoTokenizer.from_pretrained(place)(text)["input_ids"] for place in (bundled, work / "base-merged")]
        results.append(tokens[0] == tokens[1])
    if not all(results):
        sys.exit("check_merge: transformers and t2 differ")


if __name__ == "__main__":
    main()
