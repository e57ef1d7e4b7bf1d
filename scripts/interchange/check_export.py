"""Proves that peft, on what `t2 experts export` wrote, computes what t2 computes and predicted, and that no adapter of its rank is nearer
to the expert.

Usage: python check_export.py --t2 PROGRAM

On the bundled model with a trained expert, and with random ones on tiny random models of the tests: one in bfloat16 shards, several
architectures, and an expert that changes two weights of different layers. Prints the largest difference of a token's log-probability,
float32, and fails past 1e-4, or if the shares that are kept or the distances to the expert differ from those that PyTorch computes.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from check_merge import FIXTURES, ROOT, make_shards, random_expert
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scoring import load, scores_of_t2, scores_of_transformers, sequences

TOLERANCE = 1e-4
SOME = ["model.layers.0.mlp.down_proj.weight", "model.layers.1.self_attn.v_proj.weight"]


def keep_some(expert: pathlib.Path) -> pathlib.Path:
    """The expert with only the vectors of SOME."""
    with safe_open(expert, "pt") as file:
        metadata = file.metadata()
    z = load_file(expert)
    kept = expert.with_name("some.safetensors")
    save_file({name: z[name] for name in SOME}, kept, metadata)
    return kept


def export(t2: pathlib.Path, model: pathlib.Path, expert: pathlib.Path, rank: int, output: pathlib.Path, ids: list[list[int]]) -> dict:
    run = subprocess.run([t2, "experts", "export", expert, "--model", model, "--lora", str(rank), "--output", output, "--input", "-",
                          "--json"], input="\n".join(json.dumps({"ids": sequence}) for sequence in ids), capture_output=True, text=True,
                         check=True)
    return json.loads(run.stdout)


def best_shares(model, expert: pathlib.Path, adapter: pathlib.Path, rank: int) -> tuple[float, float]:
    """The share of the changes that their best approximations of this rank hold, by PyTorch in float64; and the largest relative
    difference between the distance of a matrix to its approximation and that of the best one."""
    weights, factors = dict(model.named_parameters()), load_file(adapter / "adapter_model.safetensors")
    kept = total = excess = 0.0
    for name, z in load_file(expert).items():
        u, sigma, v = torch.linalg.svd(weights[name].detach().double(), full_matrices=False)
        change = u @ torch.diag(sigma * (z.double() - 1)) @ v
        squares = torch.linalg.svdvals(change) ** 2
        kept, total = kept + squares[:rank].sum().item(), total + squares.sum().item()
        a, b = (factors[f"base_model.model.{name.removesuffix('weight')}lora_{factor}.weight"].double() for factor in "AB")
        distance = (change - b @ a).square().sum()
        excess = max(excess, ((distance - squares[rank:].sum()).abs() / squares.sum()).item())
    return kept / total, excess


def check(t2: pathlib.Path, model: pathlib.Path, expert: pathlib.Path, rank: int, work: pathlib.Path) -> bool:
    network = load(model, dtype=torch.float32)
    ids = sequences(network.config.vocab_size, network.config.max_position_embeddings)
    folder = work / f"{model.name}-{expert.stem}-{rank}"
    told = export(t2, model, expert, rank, folder, ids)
    share, excess = best_shares(network, expert, folder, rank)
    wanted, adapted = scores_of_t2(t2, model, ids, expert), scores_of_t2(t2, model, ids, folder)
    with warnings.catch_warnings():
        # peft warns of adapted modules without factors.
        warnings.filterwarnings("error", message=".*missing adapter keys", category=UserWarning)
        network = PeftModel.from_pretrained(network, folder).eval()
    found = scores_of_transformers(network, ids)
    difference = (found - adapted).abs().max().item()
    distances = (found - wanted).abs()
    predicted = told["log_probability"]
    print(f"{model.name}, {expert.stem}, rank {rank}: {len(found)} tokens, largest difference {difference:.2e}; share kept {share:.4f}, "
          f"largest distance to the expert {distances.max().item():.4f}")
    return (difference < TOLERANCE and predicted["tokens"] == len(found)
            and abs(predicted["largest"] - distances.max().item()) < TOLERANCE
            and abs(predicted["mean"] - distances.mean().item()) < TOLERANCE and distances.max().item() > 10 * TOLERANCE
            and abs(told["share"]["kept"] - share) < 1e-5 and excess < 1e-5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True)
    t2 = parser.parse_args().t2.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        results = [check(t2, ROOT / "experts/tiny/base", ROOT / "experts/tiny/math.safetensors", 16, work)]
        shards = make_shards(FIXTURES / "multihead-untied", work / "shards")
        for model in (FIXTURES / "grouped-tied", shards, *(FIXTURES / name for name in ("mistral-window", "qwen2", "qwen3-window"))):
            expert = random_expert(t2, model, work / f"{model.name}.safetensors")
            results += [check(t2, model, chosen, 4, work) for chosen in (expert, keep_some(expert))]
    if not all(results):
        sys.exit("check_export: peft and t2 differ")


if __name__ == "__main__":
    main()
