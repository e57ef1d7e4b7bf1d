"""Times t2 and other programs alternately on the same work, and prints the ratios.

Usage: python compare_peers.py --t2 PROGRAM --t2-bench PROGRAM --model FOLDER --threads N --gguf FILE --q8 FILE --ct2-int8 FOLDER
           --ct2-float32 FOLDER [--rounds N] [--json FILE]
       python compare_peers.py --large --t2 … --t2-bench … --model FOLDER --threads N --gguf FILE [--rounds N] [--json FILE]

Sampling: prompts of 32 random tokens, exactly 48 new tokens for each, at temperature 1 from the whole vocabulary. All programs stay
loaded and idle while one works. After one run of each that does not count, each round times t2, then the others one after another;
a ratio is taken inside its round, so that what slows the machine for a while slows all. Medians are printed with the lowest and the
highest. How each program is driven stands in its engine: `python ENGINE.py --help`.

--large compares decoding (prompts of one token and 32 new ones), the reading of prompts (512 tokens and a new one) and the gradient
step (8 sequences of 32 + 48 tokens) with llama.cpp and PyTorch in bf16, one program at a time beside t2, with the share of the
machine's bf16 product rate, or of the rate at which all threads read memory: a step of decoding reads all weights once.

First the programs must agree: each continues prompts greedily, and t2 scores what it found. If the log-probabilities of these tokens
differ by more than 0.1 in the mean, or 0.75 with weights of int8, the comparison is void and ends with status 65.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

from compare import Engine, spread
from peer_engine import SEED

FOLDER = pathlib.Path(__file__).resolve().parent
PROMPT, NEW = 32, 48
# Seconds after which the threads of the program before, which wait for more work awake, have gone to sleep.
PAUSE = 0.5
DECODED, READ, DIFFERENTIATED = 32, 512, 8


def fail(status: int, message: str) -> None:
    print(f"compare_peers: {message}", file=sys.stderr)
    sys.exit(status)


class Peer:
    """Another program with the model in its own format."""

    def __init__(self, name: str, engine: str, model: pathlib.Path, arguments: argparse.Namespace, tolerance: float = 0.1):
        self.name = name
        options = ["--vocabulary", str(arguments.vocabulary)]
        if engine == "torch":
            options = ["--dtype", "bfloat16", "--factored", "--prompt", str(PROMPT), "--new", str(NEW)]
        command = [sys.executable, str(FOLDER / f"{engine}_engine.py"), "--model", str(model), "--threads", str(arguments.threads)]
        self.engine = Engine([*command, *options])
        print(f"{name}: {self.engine.about['version']}", flush=True)
        if engine != "torch":
            self.check(arguments, tolerance)

    def check(self, arguments: argparse.Namespace, tolerance: float) -> None:
        """Ends the program unless t2 gives this program's tokens the log-probabilities that it gives them itself."""
        generator = random.Random(SEED)
        prompts = [[generator.randrange(3, arguments.vocabulary) for _ in range(8)] for _ in range(4)]
        found = self.engine.request(measure="greedy", prompts=prompts, new=16)
        texts = [prompt + tokens for prompt, tokens in zip(prompts, found["tokens"])]
        run = subprocess.run([arguments.t2, "score", "--model", arguments.model, "--weights", "auto", "--input", "-"], text=True,
                             input="".join(json.dumps({"ids": text}) + "\n" for text in texts), stdout=subprocess.PIPE)
        if run.returncode:
            sys.exit(run.returncode)
        scores = [json.loads(line)["logprobs"][8:] for line in run.stdout.splitlines()]
        differences = [abs(ours - theirs) for row, other in zip(scores, found["logProbabilities"]) for ours, theirs in zip(row, other)]
        mean = statistics.mean(differences)
        print(f"  its {len(differences)} greedy tokens have in t2 log-probabilities that differ by {mean:.4f} in the mean, "
              f"{max(differences):.4f} at the largest", flush=True)
        if not mean <= tolerance:
            fail(65, f"{self.name} computes another model than t2: the mean difference is {mean:.4f}, expected at most {tolerance}")


class Comparison:
    def __init__(self, arguments: argparse.Namespace):
        self.arguments = arguments
        self.record: list[dict] = []
        self.ours = Engine([arguments.t2_bench, "serve", "--model", arguments.model, "--prompt", str(PROMPT), "--new", str(NEW)])
        self.about = self.ours.about
        print(f"{arguments.model}: {arguments.threads} threads; t2's product rate {self.about['productGigaflops']:.0f} GFLOP/s, "
              f"memory read at {self.about['readGigabytesPerSecond']:.1f} GB/s", flush=True)

    def compare(self, title: str, tokens: int, peers: list[Peer], request: dict) -> float:
        """Prints a line for each peer, and returns t2's median seconds."""
        engines = [self.ours, *(peer.engine for peer in peers)]

        def measure(engine: Engine) -> float:
            time.sleep(PAUSE)
            return engine.request(**request)["seconds"]

        def once() -> list[float]:
            return [measure(engine) for engine in engines]
        once()
        rounds = [once() for _ in range(self.arguments.rounds)]
        columns = list(zip(*rounds))
        print(f"{title}: t2 {spread([tokens / t for t in columns[0]])} tokens/s", flush=True)
        for peer, column in zip(peers, columns[1:]):
            print(f"    {peer.name:36} {spread([tokens / t for t in column])} tokens/s, "
                  f"ratio {spread([theirs / own for own, theirs in zip(columns[0], column)], 2)}", flush=True)
        self.record.append(dict(request, title=title, tokens=tokens, seconds=dict(
            zip(["t2", *(peer.name for peer in peers)], columns))))
        return statistics.median(columns[0])

    def small(self) -> None:
        given = self.arguments
        peers = [Peer("llama.cpp bf16, compiled here", "llama", given.gguf, given),
                 Peer("llama.cpp Q8_0, compiled here", "llama", given.q8, given),
                 Peer("llama.cpp bf16, PyPI's xllamacpp", "xllamacpp", given.gguf, given),
                 Peer("CTranslate2 int8", "ctranslate2", given.ct2_int8, given, tolerance=0.75),
                 Peer("CTranslate2 float32", "ctranslate2", given.ct2_float32, given)]
        for batch in map(int, given.batches.split(",")):
            self.compare(f"sampling, batch {batch}", batch * NEW, peers,
                         dict(measure="sampling", batch=batch, prompt=PROMPT, new=NEW))
        for peer in peers:
            peer.engine.close()

    def large(self) -> None:
        about = self.about
        for name, engine, model in (("llama.cpp bf16, compiled here", "llama", self.arguments.gguf),
                                    ("PyTorch bf16", "torch", self.arguments.model)):
            peers = [Peer(name, engine, model, self.arguments)]
            for batch in (1, 8, 64):
                seconds = self.compare(f"decoding, batch {batch}", batch * DECODED, peers,
                                    dict(measure="sampling", batch=batch, prompt=1, new=DECODED))
                share = about["stepBytes"] * DECODED / seconds / (about["readGigabytesPerSecond"] * 1e9)
                print(f"    t2 reads its weights at {100 * share:.0f} % of the memory's rate", flush=True)
                self.print_share(about["decodingFlopsPerToken"] * batch * DECODED / seconds)
            for batch in (1, 8):
                tokens = batch * READ
                seconds = self.compare(f"prompts, batch {batch}", tokens, peers,
                                    dict(measure="sampling", batch=batch, prompt=READ, new=1))
                self.print_share(about["promptFlopsPerToken"] * tokens / seconds)
            if engine == "torch":
                tokens = DIFFERENTIATED * (PROMPT + NEW)
                seconds = self.compare(f"gradient, batch {DIFFERENTIATED}", tokens, peers, dict(measure="gradient", batch=DIFFERENTIATED))
                self.print_share(about["gradientFlopsPerToken"] * tokens / seconds)
            peers[0].engine.close()

    def print_share(self, rate: float) -> None:
        print(f"    t2 computes at {100 * rate / (self.about['productGigaflops'] * 1e9):.0f} % of the product rate", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", required=True)
    parser.add_argument("--t2-bench", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--gguf", type=pathlib.Path, required=True, help="the model in bf16")
    parser.add_argument("--q8", type=pathlib.Path)
    parser.add_argument("--ct2-int8", type=pathlib.Path)
    parser.add_argument("--ct2-float32", type=pathlib.Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--batches", default="1,8,16,64", help="of sampling, unless --large")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path, help="file for the seconds of every round")
    arguments = parser.parse_args()
    for package in ("torch", "transformers", "llama_cpp") if arguments.large else ("llama_cpp", "xllamacpp", "ctranslate2"):
        if not importlib.util.find_spec(package):
            fail(os.EX_UNAVAILABLE, f"the Python package {package} is missing. Install it: scripts/python_environment --peers")
    given = [arguments.gguf] if arguments.large else [arguments.gguf, arguments.q8, arguments.ct2_int8, arguments.ct2_float32]
    for path in given:
        if not (path and path.exists()):
            fail(os.EX_NOINPUT, f"there is no converted model {path or ''}. scripts/bench_against_peers makes all that are needed")
    try:
        arguments.vocabulary = json.loads((pathlib.Path(arguments.model) / "config.json").read_text())["vocab_size"]
    except (OSError, ValueError, KeyError) as error:
        fail(os.EX_NOINPUT, f"{arguments.model} is no model folder: {error!r}")
    comparison = Comparison(arguments)
    comparison.large() if arguments.large else comparison.small()
    comparison.ours.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(dict(about=comparison.about, measures=comparison.record), indent=1) + "\n")


if __name__ == "__main__":
    main()
