"""Trains the bundled experts with weights in float32 and in bfloat16, and prints the accuracy of each on its test problems.

Usage: python weight_types.py --programs FOLDER [--seeds N] [NAME ...]   (default: 1 seed; math code reasoning)

The runs of a name differ in nothing but the type of the weights and the seed. Each expert answers with weights of the type in which it
was trained. Intervals are Wilson's, of 95 %.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile

EXPERTS = pathlib.Path(__file__).resolve().parents[2] / "experts/tiny"
TYPES = ["f32", "bf16"]


def run(*command: str | pathlib.Path) -> str:
    finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if finished.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with status {finished.returncode}:\n{finished.stderr}")
    return finished.stdout


def evaluate(programs: pathlib.Path, task: str, weights: str, *expert: str | pathlib.Path) -> dict:
    return json.loads(run(programs / "t2", "eval", "--model", EXPERTS / "base", "--task", task, "--split", "test",
                          "--weights", weights, "--json", *expert))


def train(programs: pathlib.Path, name: str, weights: str, seed: int, folder: pathlib.Path) -> pathlib.Path:
    run(programs / "t2-coord", "start", "--config", EXPERTS / f"{name}.yaml", "--run-dir", folder,
        "--bind", "tcp://127.0.0.1:0", "--local-workers", "2", "--weights", weights, "--seed", str(seed))
    return folder / "expert-best.safetensors"


def accuracy(result: dict) -> str:
    low, high = result["interval_95"]
    return f"{100 * result['accuracy']:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("names", nargs="*", default=["math", "code", "reasoning"])
    arguments = parser.parse_args()
    print("| expert, seed | base f32 | base bf16 | trained f32 | trained bf16 |\n|---|---|---|---|---|", flush=True)
    for name in arguments.names:
        task = re.search(r"^task: (\S+)", (EXPERTS / f"{name}.yaml").read_text(), re.MULTILINE)[1]
        base = [accuracy(evaluate(arguments.programs, task, weights)) for weights in TYPES]
        for seed in range(arguments.seeds):
            with tempfile.TemporaryDirectory() as folder:
                trained = [accuracy(evaluate(
                    arguments.programs, task, weights, "--expert",
                    train(arguments.programs, name, weights, seed, pathlib.Path(folder) / weights))) for weights in TYPES]
            print(f"| {name}, {seed} | {' | '.join(base + trained)} |", flush=True)


if __name__ == "__main__":
    main()
