"""Prints what `t2 plan` expects of a training run beside what a short real run takes, with the ratios.

Usage: python plan.py --programs FOLDER --model DIR [--weights bf16] [--task gsm-mini --data experts/tiny/data] [--set KEY=VALUE …] [--steps N]
       [--rates FILE.json] [--decompose MODULES]

A real coordinator and one real worker on this machine. Seconds are medians over the steps after the first, from metrics.jsonl; a
phase's are those that the units took, divided by the lanes. Memory is the worker's VmHWM. The plan gets the prompt and new tokens that
the run had in the mean. With --decompose, the decompositions of these matrices are computed too, in an empty cache.
"""

import argparse
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time

MIB = 1 << 20


def peak_memory(process: int) -> int:
    """The process's largest resident set so far, in bytes; 0 once it has ended."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def train(arguments: argparse.Namespace, run: pathlib.Path) -> int:
    """Trains for some steps; returns the worker's peak memory."""
    # The evaluation of the first step is the only one, so that the others hold nothing but training.
    settings = ["evaluate-every=1000000", "validation-problems=1", *arguments.set]
    coordinator = subprocess.Popen(
        [arguments.programs / "t2-coord", "start", "--model", arguments.model, "--task", arguments.task, "--data", arguments.data, "--run-dir", run,
         "--weights", arguments.weights, "--bind", "tcp://127.0.0.1:0", "--monitor", "off", "--steps", str(arguments.steps),
         *(part for setting in settings for part in ("--set", setting))],
        stdout=subprocess.PIPE, text=True)
    endpoint = next(found[0] for line in coordinator.stdout if (found := re.findall(r"listening on (\S+);", line)))
    worker = subprocess.Popen(
        [arguments.programs / "t2-worker", "join", endpoint, "--model", arguments.model, "--weights", arguments.weights],
        stderr=subprocess.DEVNULL)
    peak = 0
    while worker.poll() is None:
        peak = max(peak, peak_memory(worker.pid))
        time.sleep(0.05)
    coordinator.stdout.read()
    if coordinator.wait() != 0:
        raise SystemExit(f"t2-coord ended with status {coordinator.returncode}")
    return peak


def decompose(arguments: argparse.Namespace) -> float:
    """Seconds to decompose some of the model's matrices."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [arguments.programs / "t2", "decompose", "--model", arguments.model, "--target-modules", arguments.decompose,
             "--json"], env={**os.environ, "T2_CACHE": cache}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--task", default="gsm-mini")
    parser.add_argument("--data", default="experts/tiny/data")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rates")
    parser.add_argument("--decompose")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        peak = train(arguments, run)
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        database = sqlite3.connect(run / "run.sqlite")
        prompt, new = database.execute(
            "SELECT avg(promptTokens), avg(tokens) FROM completions WHERE phase = 'train'").fetchone()
        configuration = run / "configuration.yaml"
        command = [
            arguments.programs / "t2", "plan", "--model", arguments.model, "--workers", "1", "--json", "--configuration",
            configuration, "--prompt-tokens", str(round(prompt)), "--new-tokens", str(round(new))]
        if arguments.rates:
            command += ["--rates", arguments.rates]
        plan = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    steps = [line for line in lines if line["kind"] == "step" and line["step"] > 1]

    def median(key: str) -> float:
        return statistics.median(step[key] for step in steps)

    lanes = plan["lanes"]
    phases = plan["phases"]
    rows = [
        ("peak memory, MiB", plan["memory"][plan["weights"]][plan["target_modules"]]["peak"] / MIB, peak / MIB),
        ("sampling, s", phases["merge"] + phases["prefill"] + phases["decode"], median("sampling_seconds") / lanes),
        ("rewards, s", phases["rewards"], median("reward_seconds") / lanes),
        ("gradient, s", phases["reference"] + phases["policy"] + phases["backward"], median("gradient_seconds") / lanes),
        ("update, s", phases["update"], median("update_seconds") + median("checkpoint_seconds")),
        ("step, s", plan["step_seconds"], median("seconds")),
    ]
    if arguments.decompose:
        rows.append((f"decomposing {arguments.decompose}, s", plan["decompose_seconds"][arguments.decompose],
                     decompose(arguments)))
    print(f"{arguments.model}, {plan['weights']}, lanes {lanes}, threads of a lane {plan['threads']}, prompts of {prompt:.0f} tokens, "
          f"{new:.0f} new")
    for name, expected, found in rows:
        print(f"{name:28} plan {expected:10.3f}   run {found:10.3f}   ratio {expected / found:5.2f}")


if __name__ == "__main__":
    main()
