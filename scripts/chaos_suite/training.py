"""A small training of the bundled model, and what must be so after it: the bytes and the rows of the undisturbed run."""
from __future__ import annotations

import hashlib
import json
import shutil
import signal
import socket
import sqlite3
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, Optional

from .programs import Program, tail
from .suite import ROOT, Case, Suite, expect

MODEL = ROOT / "experts/tiny/base"
PATIENCE = 600  # seconds until a run must be over
# Keys of metrics.jsonl that tell how a run went, not what it computed.
CIRCUMSTANCES = {"tokens_per_second", "workers", "failures", "units_handed_out_twice"}


@dataclass(frozen=True)
class Shape:
    """The size of a training. A unit of 4 prompts takes some 20 ms of one core."""

    steps: int
    prompts: int = 24
    prompts_per_unit: int = 4
    validation: int = 24
    evaluate_every: int = 10
    seed: int = 11
    task: str = "gsm-mini"

    def arguments(self) -> list[str]:
        settings = {
            "prompts-per-step": self.prompts, "prompts-per-unit": self.prompts_per_unit, "max-tokens": 40,
            "validation-problems": self.validation, "evaluate-every": self.evaluate_every}
        words = ["--model", str(MODEL), "--task", self.task, "--steps", str(self.steps), "--seed", str(self.seed)]
        return words + [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


@dataclass(frozen=True)
class Result:
    """What a run left behind, without what depends on the time and on the workers."""

    sha256: str
    metrics: list[dict]
    units: list[tuple]
    completions: list[tuple]
    # Seconds of a step in the middle of the run.
    pace: float


def compare(what: str, expected: list, found: list) -> None:
    expect(len(found) == len(expected), f"{what}: {len(found)} rows, the undisturbed run has {len(expected)}")
    for row, (one, other) in enumerate(zip(found, expected)):
        expect(one == other, f"{what}, row {row}: {str(one)[:300]}, the undisturbed run has {str(other)[:300]}")


class Training:
    """A run in a case's folder, whose coordinator may be started again and again at one address."""

    def __init__(self, case: Case, shape: Shape, run: Optional[Path] = None, address: str = "127.0.0.1") -> None:
        self.case, self.shape = case, shape
        self.run = run or case.folder / "run"
        self.endpoint = f"tcp://{address}:{free_port()}"
        # Put in front of t2-coord, to start it somewhere else.
        self.prefix: list[str] = []

    def start(self, *extra: object, environment: Optional[Mapping[str, str]] = None) -> Program:
        return self._start([*self.shape.arguments(), *extra], environment)

    def resume(self, *extra: object) -> Program:
        """Continues the run; one that ended before it had a database is started, as --resume would advise."""
        if not (self.run / "run.sqlite").exists() and not list(self.run.glob("checkpoints/*.safetensors")):
            return self.start(*extra)
        return self._start(["--resume", *extra], None)

    def _start(self, arguments: list, environment: Optional[Mapping[str, str]]) -> Program:
        program = str(self.case.suite.programs / "t2-coord")
        return self.case.program(
            [*self.prefix, program, "start", "--run-dir", self.run, "--bind", self.endpoint, *arguments], "coordinator.log",
            environment)

    def worker(self, name: str, *extra: object, log: Optional[str] = None, environment: Optional[Mapping[str, str]] = None,
               prepare: Optional[Callable[[], None]] = None) -> Program:
        return self.case.program(
            ["t2-worker", "join", self.endpoint, "--model", MODEL, "--lanes", 1, "--name", name, "--verbose", *extra],
            f"worker-{log or name}.log", environment, prepare)

    def steps(self) -> int:
        """The number of steps that metrics.jsonl has."""
        try:
            return (self.run / "metrics.jsonl").read_text(errors="replace").count('"kind":"step"')
        except OSError:
            return 0

    def finish(self, coordinator: Program, seconds: float = PATIENCE) -> None:
        """Waits for the end of the run, and checks what it left behind."""
        status = coordinator.wait(seconds)
        expect(status == 0, f"t2-coord ended with status {status}. It said:\n{tail(coordinator.text)}")
        self.check()

    def check(self, with_records: bool = True) -> None:
        """Compares what is in the run folder with the undisturbed run: the expert, the steps, and the records of each unit."""
        expected, found = reference(self.case.suite, self.shape), result(self.run)
        expect(found.sha256 == expected.sha256,
               f"expert-last.safetensors has sha256 {found.sha256[:16]}, the undisturbed run's is {expected.sha256[:16]}")
        steps = [line["step"] for line in found.metrics if line["kind"] == "step"]
        expect(steps == list(range(1, self.shape.steps + 1)), f"metrics.jsonl has the steps {steps}")
        if with_records:
            for what in ("metrics", "units", "completions"):
                compare(what, getattr(expected, what), getattr(found, what))

    def close_workers(self, workers: list[Program], seconds: float = 30, may_fail: bool = False) -> None:
        """Lets workers leave after the end of a run: at once the ones that it released, the others when they are asked to.

        - may_fail: whether they may have failed before."""
        deadline = time.monotonic() + 3
        while any(worker.is_running for worker in workers) and time.monotonic() < deadline:
            time.sleep(0.05)
        for worker in workers:
            worker.signal(signal.SIGTERM)
        for worker in workers:
            status = worker.wait(seconds)
            expect(status == 0 or may_fail or ended_early(worker),
                   f"{worker.log.name}: t2-worker ended with status {status} after its run. It said:\n{tail(worker.text)}")


def ended_early(worker: Program) -> bool:
    """Whether SIGTERM ended a worker that had not joined yet: by the signal itself, or with the status that stands for it."""
    return worker.status in (-signal.SIGTERM, 128 + signal.SIGTERM) and " joined" not in worker.text


def reference(suite: Suite, shape: Shape) -> Result:
    """What the run leaves behind with one worker and no harm; run once."""
    key = ("reference", shape)
    if key not in suite.kept:
        folder = suite.folder / f"undisturbed-{len(suite.kept)}"
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ["start", "--run-dir", folder / "run", "--bind", "tcp://127.0.0.1:0", "--local-workers", 1]
        program = Program(
            [str(word) for word in [suite.programs / "t2-coord", *arguments, *shape.arguments()]], folder / "coordinator.log")
        try:
            status = program.wait(PATIENCE)
            expect(status == 0, f"the undisturbed run ended with status {status}. It said:\n{tail(program.text)}")
        finally:
            program.close()
        suite.kept[key] = result(folder / "run")
        shutil.rmtree(folder)
    return suite.kept[key]


def result(run: Path) -> Result:
    sha256 = hashlib.sha256((run / "expert-last.safetensors").read_bytes()).hexdigest()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    seconds = [line["seconds"] for line in lines if line["kind"] == "step"]
    metrics = [{key: value for key, value in line.items() if not key.endswith("seconds") and key not in CIRCUMSTANCES}
               for line in lines]
    database = sqlite3.connect(f"file:{run}/run.sqlite?mode=ro", uri=True)
    try:
        # A unit that has no row in results was lost; one whose row is not accepted counts for nothing.
        units = database.execute(
            "SELECT r.step, r.phase, r.unit, u.isAccepted, "
            "(SELECT count(*) FROM completions c WHERE (c.step, c.phase, c.unit) = (r.step, r.phase, r.unit)) "
            "FROM results r LEFT JOIN units u ON (u.step, u.phase, u.unit) = (r.step, r.phase, r.unit) "
            "ORDER BY r.step, r.phase, r.unit").fetchall()
        completions = database.execute(
            "SELECT step, phase, unit, sequence, problemIndex, completion, outcome, reward, advantage, logProbability "
            "FROM completions ORDER BY step, phase, unit, sequence").fetchall()
    finally:
        database.close()
    return Result(sha256, metrics, units, completions, statistics.median(seconds))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
