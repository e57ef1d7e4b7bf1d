"""Times t2 and the tokenizers library alternately on one thread and the same text, and prints the ratios.

Usage: python compare_tokenizers.py --t2-bench PROGRAM --texts FILE --tokenizer FILE … [--rounds N]

--texts is JSON Lines; every string in a record counts. They are encoded as they are (texts), and joined to one text (document).
Both programs stay loaded. The library encodes by encode_batch_fast, which leaves out offsets, and keeps its cache of words from
round to round. Medians are printed with the lowest and the highest; a ratio is taken inside its round. Fails if the numbers of
tokens differ.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer  # noqa: E402  after the settings that it reads


def strings(value) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    return [value] if isinstance(value, str) else [text for part in value for text in strings(part)] if isinstance(value, list) else []


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def compare(bench: pathlib.Path, path: pathlib.Path, name: str, texts: list[str], rounds: int, folder: pathlib.Path) -> bool:
    oracle = Tokenizer.from_file(str(path))
    (folder / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
    process = subprocess.Popen(
        [bench, "tokenizer", "--tokenizer", path, "--texts", folder / "texts.jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)

    def ours() -> tuple[float, int]:
        process.stdin.write("\n")
        process.stdin.flush()
        timing = json.loads(process.stdout.readline())
        return timing["seconds"], timing["tokens"]

    def theirs() -> tuple[float, int]:
        start = time.perf_counter()
        encodings = oracle.encode_batch_fast(texts, add_special_tokens=False)
        return time.perf_counter() - start, sum(len(encoding.ids) for encoding in encodings)

    equal = ours()[1] == theirs()[1]
    pairs = [(ours()[0], theirs()[0]) for _ in range(rounds)]
    process.stdin.close()
    process.wait()
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"  {path.parent.name:12} {name:9} {size:.1f} MB: t2 {spread([size / a for a, _ in pairs])} MB/s, tokenizers "
          f"{spread([size / b for _, b in pairs])} MB/s, ratio {spread([b / a for a, b in pairs])}"
          f"{'' if equal else '; OTHER NUMBERS OF TOKENS'}", flush=True)
    return equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2-bench", type=pathlib.Path, required=True)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    texts = [text for line in arguments.texts.read_text().split("\n") if line for text in strings(json.loads(line))]
    with tempfile.TemporaryDirectory() as folder:
        results = [
            compare(arguments.t2_bench, path, name, given, arguments.rounds, pathlib.Path(folder))
            for path in arguments.tokenizer for name, given in (("texts", texts), ("document", ["\n".join(texts)]))]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
