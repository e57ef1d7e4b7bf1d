"""Measures the memory of loading a model, and of a worker that trains it.

Usage: python memory.py --programs FOLDER --model DIR [--weights bf16|f32] [--config FILE.yaml] [--lanes N]

Loading: `t2 score` answers one line, and then shows its peak and what is resident. Training: a real coordinator and a real worker
with N lanes (default: 1) run FILE.yaml to its end; its model must be DIR. Sizes are of /proc/PID/status: VmHWM, VmRSS, RssAnon and RssFile.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile
import time

SIZES = ["VmHWM", "VmRSS", "RssAnon", "RssFile"]


def sizes(process: int) -> dict[str, float]:
    """Sizes in MB; none once the process has ended."""
    try:
        text = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return {}
    return {name: int(value) * 1024 / 1e6 for name, value in re.findall(r"(\w+):\s+(\d+) kB", text) if name in SIZES}


def file_bytes(model: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in model.glob("*.safetensors"))


def load(programs: pathlib.Path, model: pathlib.Path, weights: str) -> None:
    start = time.monotonic()
    program = subprocess.Popen([programs / "t2", "score", "--model", model, "--weights", weights, "--input", "-"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    program.stdin.write(b'{"ids": [5, 6, 7]}\n')
    program.stdin.flush()
    if not program.stdout.readline():
        raise SystemExit(f"t2 score ended with status {program.wait()}")
    seconds = time.monotonic() - start
    found = sizes(program.pid)
    program.communicate()
    print(f"{model.name} {weights}: loaded and answered after {seconds:.1f} s; peak {found['VmHWM']:,.0f} MB, resident afterwards "
          f"{found['VmRSS']:,.0f} MB ({found['RssAnon']:,.0f} of its own, {found['RssFile']:,.0f} of files): "
          f"{found['VmHWM'] / found['VmRSS']:.3f} times", flush=True)


def train(programs: pathlib.Path, model: pathlib.Path, weights: str, config: str, lanes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        coordinator = subprocess.Popen(
            [programs / "t2-coord", "start", "--config", config, "--run-dir", run, "--bind", "tcp://127.0.0.1:0",
             "--set", f"weights={weights}"], stdout=subprocess.PIPE, text=True)
        endpoint = next((found[0] for line in coordinator.stdout if (found := re.findall(r"listening on (\S+);", line))), None)
        if endpoint is None:
            raise SystemExit(f"t2-coord ended with status {coordinator.wait()}")
        worker = subprocess.Popen(
            [programs / "t2-worker", "join", endpoint, "--model", model, "--weights", weights, "--lanes", str(lanes)],
            stderr=subprocess.DEVNULL)
        peaks = dict.fromkeys(SIZES, 0.0)
        largest: dict[str, float] = {}
        while worker.poll() is None:
            found = sizes(worker.pid)
            if found.get("VmRSS", 0) > largest.get("VmRSS", 0):
                largest = found
            peaks = {name: max(value, found.get(name, 0)) for name, value in peaks.items()}
            time.sleep(0.02)
        for _ in coordinator.stdout:
            pass
        if coordinator.wait() != 0:
            raise SystemExit(f"t2-coord ended with status {coordinator.returncode}")
    size = file_bytes(model) / 1e6
    print(f"{model.name} {weights}, {lanes} lane(s): a training worker's peak is {peaks['VmHWM']:,.0f} MB, {peaks['VmHWM'] / size:.2f} times the "
          f"{size:,.0f} MB of its files ({largest['RssAnon']:,.0f} MB of its own and {largest['RssFile']:,.0f} of files when it was "
          "largest)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--weights", choices=["bf16", "f32"], default="bf16")
    parser.add_argument("--config")
    parser.add_argument("--lanes", type=int, default=1)
    arguments = parser.parse_args()
    load(arguments.programs, arguments.model, arguments.weights)
    if arguments.config:
        train(arguments.programs, arguments.model, arguments.weights, arguments.config, arguments.lanes)


if __name__ == "__main__":
    main()
