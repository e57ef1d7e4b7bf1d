"""Times t2 and PyTorch/transformers alternately on the same work, and prints the ratios.

Usage: python compare.py --t2-bench PROGRAM --model FOLDER --batches 64,8 --threads N [--weights bf16] [--dtype bfloat16] [--rounds N]

Both engines stay loaded and idle while the other works. Each round times t2, then PyTorch; a ratio is taken inside its round,
so that what slows the machine for a while slows both. Medians are printed with the lowest and the highest. `gradient` has
completions of one length; `ragged` has them of many, which t2 packs and PyTorch pads; only real tokens count. `grouped`
is `ragged` with eight completions to a prompt, which t2 reads once for all and PyTorch for each; it counts for each. `search`
is an iteration of few-shot search: every candidate answers ten prompts greedily; t2 runs batches with a z per
row, PyTorch forms the weights of one candidate after another, as the method's reference implementation does.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile


class Engine:
    """A program that answers each request line with the seconds that it took."""

    def __init__(self, command: list[str]):
        self.command = command
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.about = self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            status = self.process.wait()
            sys.exit(f"{self.errors.read()[-2000:]}{sys.argv[0]}: this program ended with status {status}, see above: "
                     f"{' '.join(self.command)}")
        return json.loads(line)

    def measure(self, measure: str, batch: int) -> dict:
        return self.request(measure=measure, batch=batch)

    def request(self, **request) -> dict:
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.answer()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def compare(name: str, batch: int, ours: Engine, theirs: Engine, count: int, rate: float) -> list[tuple[float, float]]:
    """Prints one line; returns the seconds of each round, ours and theirs."""
    tokens = ours.measure(name, batch)["tokens"]
    theirs.measure(name, batch)
    rounds = [(ours.measure(name, batch)["seconds"], theirs.measure(name, batch)["seconds"]) for _ in range(count)]
    flops = ours.about["samplingFlopsPerToken" if name == "sampling" else "gradientFlopsPerToken"]
    t2_rates = [tokens / t for t, _ in rounds]
    share = f"; t2 at {100 * statistics.median(t2_rates) * flops / (rate * 1e9):.0f} % of the product rate"
    print(f"  {name:8} batch {batch:3}: t2 {spread(t2_rates)} tokens/s, torch {spread([tokens / t for _, t in rounds])} tokens/s, "
          f"ratio {spread([b / a for a, b in rounds], 2)}{'' if name == 'search' else share}", flush=True)
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--t2-bench", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", default="f32", choices=("f32", "bf16"), help="type of the weights in t2")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"), help="type of the weights in torch")
    parser.add_argument("--batches", required=True, help="comma-separated; every measure at each")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--candidates", type=int, default=0, help="of an iteration of few-shot search; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--new", type=int, default=48)
    arguments = parser.parse_args()
    sizes = ["--model", arguments.model, "--prompt", str(arguments.prompt), "--new", str(arguments.new)]
    torch_engine = pathlib.Path(__file__).with_name("torch_engine.py")
    # In f32 a thread is a lane; in bf16 t2 chooses.
    lanes = str(arguments.threads) if arguments.weights == "f32" else "auto"
    ours = Engine([arguments.t2_bench, "serve", "--lanes", lanes, "--weights", arguments.weights, *sizes])
    theirs = Engine([sys.executable, str(torch_engine), "--threads", str(arguments.threads), "--dtype", arguments.dtype, *sizes])
    rate = ours.about["productGigaflops"]
    print(f"{arguments.model}: {arguments.threads} threads, prompt {arguments.prompt} + {arguments.new} new tokens, "
          f"torch {theirs.about['torch']}; weights {arguments.weights} in t2, {arguments.dtype} in torch; t2's product rate {rate:.0f} GFLOP/s")
    for batch in map(int, arguments.batches.split(",")):
        rounds = {name: compare(name, batch, ours, theirs, arguments.rounds, rate) 
                  for name in ("sampling", "gradient", "ragged", "grouped")}
        # A training step samples and then differentiates what it sampled.
        steps = [tuple(s + g for s, g in zip(*pair)) for pair in zip(rounds["sampling"], rounds["gradient"])]
        print(f"  step     batch {batch:3}: sampling and gradient together, ratio {spread([b / a for a, b in steps], 2)}", flush=True)
    if arguments.candidates:
        compare("search", arguments.candidates, ours, theirs, min(3, arguments.rounds), rate)
    ours.close()
    theirs.close()


if __name__ == "__main__":
    main()
