"""Times the same training steps with one single-lane worker and with two, alternately, and prints the ratio.

Usage: python workers.py --programs FOLDER --config FILE.yaml [--rounds N] [--steps N]

Real coordinator, real workers, real sockets. A step's time is the coordinator's own `seconds` in metrics.jsonl; the first step
holds the workers' start and the first evaluation, and is left out. Medians with the lowest and the highest.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile

from compare import spread

# Small enough that two workers finish a step at nearly the same time: with 16, eight units leave one of them idle for a while.
PROMPTS_PER_UNIT = 8


def step_seconds(programs: pathlib.Path, config: str, workers: int, steps: int) -> float:
    """Median seconds of a step."""
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        coordinator = subprocess.Popen(
            [programs / "t2-coord", "start", "--config", config, "--run-dir", run, "--bind", "tcp://127.0.0.1:0",
             "--steps", str(steps), "--set", f"evaluate-every={steps}", "--set", "validation-problems=1",
             "--set", f"prompts-per-unit={PROMPTS_PER_UNIT}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        endpoint = next(found[0] for line in coordinator.stdout if (found := re.findall(r"listening on (\S+);", line)))
        model = pathlib.Path(config).with_name("base")
        joined = [subprocess.Popen([programs / "t2-worker", "join", endpoint, "--model", model, "--lanes", "1"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(workers)]
        for _ in coordinator.stdout:
            pass
        if coordinator.wait() != 0:
            raise SystemExit(f"t2-coord ended with status {coordinator.returncode}")
        for worker in joined:
            worker.wait()
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        return statistics.median(line["seconds"] for line in lines if line["kind"] == "step" and line["step"] > 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    rounds = [[step_seconds(arguments.programs, arguments.config, workers, arguments.steps) for workers in (1, 2)]
              for _ in range(arguments.rounds)]
    print(f"{arguments.config}: a step takes one worker {spread([one for one, _ in rounds], 3)} s, two "
          f"{spread([two for _, two in rounds], 3)} s, ratio {spread([one / two for one, two in rounds], 2)}")


if __name__ == "__main__":
    main()
