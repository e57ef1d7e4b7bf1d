"""What the engines of other programs have in common: requests on standard input, answers on standard output.

`{"measure": "sampling", "batch": 16, "prompt": 32, "new": 48}` is answered with `{"seconds": …}`: the time to read that many prompts of
random tokens and to sample exactly so many new tokens of each, at temperature 1 from the whole vocabulary. `{"measure": "greedy",
"prompts": [[5, 7]], "new": 8}` is answered with `{"tokens": […], "logProbabilities": […]}`: a list for each prompt, of the most probable
tokens and their natural logarithms.
"""

import argparse
import json
import random
import re
import sys
import time
from typing import Protocol

SEED = 1


class PeerEngine(Protocol):
    """The computations of one program with one model."""

    version: str

    def prepare(self, sequences: int, length: int) -> None:
        """Gets ready, outside the time that is taken, for so many sequences of a prompt and new tokens of that length."""

    def sample(self, prompts: list[list[int]], new: int) -> int:
        """Returns the number of tokens that were sampled."""

    def greedy(self, prompt: list[int], new: int) -> tuple[list[int], list[float]]: ...


def arguments_of(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a file or folder in the program's own format")
    parser.add_argument("--vocabulary", type=int, required=True, help="the number of tokens that prompts are drawn from")
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def features(system: str) -> str:
    """The instruction sets and parts that llama.cpp says it was compiled with."""
    return " ".join(re.findall(r"(\w+) = 1", system))


def serve(engine: PeerEngine, vocabulary: int) -> None:
    # What the program prints itself must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(**values) -> None:
        print(json.dumps(values), file=answers, flush=True)
    answer(version=engine.version)
    for line in sys.stdin:
        request = json.loads(line)
        if request["measure"] == "greedy":
            found = [engine.greedy(prompt, request["new"]) for prompt in request["prompts"]]
            answer(tokens=[tokens for tokens, _ in found], logProbabilities=[values for _, values in found])
            continue
        generator = random.Random(SEED)
        batch, new = request["batch"], request["new"]
        prompts = [[generator.randrange(3, vocabulary) for _ in range(request["prompt"])] for _ in range(batch)]
        engine.prepare(batch, request["prompt"] + new)
        start = time.perf_counter()
        count = engine.sample(prompts, new)
        seconds = time.perf_counter() - start
        if count != batch * new:
            sys.exit(f"{engine.version} sampled {count} tokens, expected {batch * new}: the measurement is void")
        answer(seconds=seconds)
