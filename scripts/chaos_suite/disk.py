"""Disks that are full or read-only, and run folders that are damaged, moved or gone."""
from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Callable

from .programs import POLL, Program, tail, until
from .suite import Case, Scenario, Skipped, expect
from .training import PATIENCE, Shape, Training

SHAPE = Shape(steps=8, evaluate_every=4)
# Exit statuses by which a program refuses: usage (of a configuration that is cut), data, no input, cannot create, input or output,
# try again, permission, configuration.
REFUSALS = (64, 65, 66, 73, 74, 75, 77, 78)
# What a refused attempt to resume may change.
LIVELY = ("run.sqlite", ".lock", "monitor.json", "train.log", "worker-")


def interrupted(case: Case, shape: Shape = SHAPE) -> Training:
    """A run that was killed at a random moment after its first step."""
    training = Training(case, shape)
    kill_at_step(case, training, training.start("--local-workers", 1), case.random.randint(1, SHAPE.steps - 3))
    return training


def kill_at_step(case: Case, training: Training, coordinator: Program, step: int) -> None:
    """Kills a coordinator a random moment after a step."""
    until(f"step {step}", lambda: training.steps() >= step or not coordinator.is_running, PATIENCE)
    time.sleep(case.random.random() * 0.2)
    kill(case, coordinator)


def kill(case: Case, coordinator: Program) -> None:
    coordinator.kill()
    case.forget(coordinator)
    until("the local worker's end", lambda: not case.lasting(0), 30)


def refusal(coordinator: Program) -> str:
    """The error with which a coordinator ended."""
    status = coordinator.status
    found = re.search(r"^error: (.+)", coordinator.text, re.MULTILINE)
    expect(status in REFUSALS and found,
           f"t2-coord ended with status {status} instead of a clear error. It said:\n{tail(coordinator.text)}")
    assert found
    # It says what, where and the remedy: the remedy is a sentence of its own.
    expect(re.search(r"\. [A-Z].*\.$|: \S+ .*\.$", found[1]), f"the error names no remedy: {found[1]}")
    return found[1]


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(LIVELY)}


def metrics(folder: Path) -> bytes:
    path = folder / "metrics.jsonl"
    return path.read_bytes() if path.exists() else b""


def damaged(change: Callable[[Case, Path], str], keeps_records: bool = True) -> Callable[[Case], str]:
    """A killed run whose folder is changed: it goes on to the same bytes, or refuses and goes on once the change is undone.

    SQLite has no checksums of the pages in the database itself (it has them in -wal): records may change unnoticed there."""
    def run(case: Case) -> str:
        training = interrupted(case)
        copy = case.folder / "copy"
        shutil.copytree(training.run, copy)
        what = change(case, training.run)
        before, lines = contents(training.run), metrics(training.run)
        coordinator = training.resume("--local-workers", 1)
        if coordinator.wait(PATIENCE) == 0:
            case.done["went on"] += 1
            training.check(keeps_records)
            return f"{what}: went on to the same bytes"
        reason = refusal(coordinator)
        case.done["refused"] += 1
        if "worker joined" in coordinator.text:
            # The damage showed later; the run had gone on until then.
            expect(metrics(training.run).startswith(lines), f"{what}: lines of metrics.jsonl are gone")
        else:
            expect(contents(training.run) == before, f"{what}: a refused --resume changed files of the run")
        shutil.rmtree(training.run)
        copy.rename(training.run)
        training.finish(training.resume("--local-workers", 1))
        return f"{what}: refused ({reason[:160]}), then the same bytes"
    return run


def flip(pattern: str) -> Callable[[Case, Path], str]:
    def change(case: Case, run: Path) -> str:
        path = case.random.choice(sorted(run.glob(pattern)))
        data = bytearray(path.read_bytes())
        if not data:
            return f"{path.name} is empty"
        places = [case.random.randrange(len(data)) for _ in range(case.random.randint(1, 8))]
        for place in places:
            data[place] ^= 1 << case.random.randrange(8)
        path.write_bytes(data)
        return f"{len(places)} flipped bits in {path.name}"
    return change


def cut(pattern: str) -> Callable[[Case, Path], str]:
    def change(case: Case, run: Path) -> str:
        path = case.random.choice(sorted(run.glob(pattern)))
        size = path.stat().st_size
        os.truncate(path, case.random.randrange(max(1, size)))
        return f"{path.name} cut from {size} to {path.stat().st_size} bytes"
    return change


def cut_all(pattern: str) -> Callable[[Case, Path], str]:
    def change(case: Case, run: Path) -> str:
        paths = sorted(run.glob(pattern))
        for path in paths:
            os.truncate(path, path.stat().st_size // 2)
        return f"{len(paths)} files {pattern} cut in half"
    return change


def remove(pattern: str) -> Callable[[Case, Path], str]:
    def change(case: Case, run: Path) -> str:
        paths = sorted(run.glob(pattern))
        for path in paths:
            path.unlink()
        return f"{', '.join(path.name for path in paths)} deleted"
    return change


def garbage(pattern: str) -> Callable[[Case, Path], str]:
    def change(case: Case, run: Path) -> str:
        path = case.random.choice(sorted(run.glob(pattern)))
        path.write_bytes(case.random.randbytes(case.random.randint(1, 5_000)))
        return f"{path.name} overwritten"
    return change


def open_results(run: Path) -> list[tuple[int, bytes]]:
    """The gradients that a run has accepted and not used yet, by row."""
    with contextlib.closing(sqlite3.connect(f"file:{run}/run.sqlite?mode=ro", uri=True, timeout=10)) as database:
        return database.execute("SELECT rowid, gradient FROM results WHERE gradient IS NOT NULL "
                                "AND step = (SELECT coalesce(max(step), 0) FROM steps)").fetchall()


def changed_result(case: Case) -> str:
    """One bit of a gradient that waits for its step is another: the run must not use it."""
    training = interrupted(case, Shape(steps=20))
    waiting = open_results(training.run)
    for _ in range(20):
        if waiting:
            break
        coordinator = training.resume("--local-workers", 1)
        coordinator.line("listening on ")
        until("a result that waits", lambda: bool(open_results(training.run)) or not coordinator.is_running, PATIENCE)
        kill(case, coordinator)
        waiting = open_results(training.run)
    expect(waiting, "the run was never killed while results waited")
    copy = case.folder / "copy"
    shutil.copytree(training.run, copy)
    row, gradient = case.random.choice(waiting)
    changed = bytearray(gradient)
    changed[case.random.randrange(len(changed))] ^= 1 << case.random.randrange(8)
    with contextlib.closing(sqlite3.connect(training.run / "run.sqlite")) as database, database:
        database.execute("UPDATE results SET gradient = ? WHERE rowid = ?", (bytes(changed), row))
    again = training.resume("--local-workers", 1)
    again.wait(PATIENCE)
    reason = refusal(again)
    expect("table results" in reason, f"the error does not name the row: {reason}")
    case.done["refused"] += 1
    shutil.rmtree(training.run)
    copy.rename(training.run)
    training.finish(training.resume("--local-workers", 1))
    return f"a changed bit of an accepted gradient: {reason[-120:]}; then the same bytes"


def mount(*words: object) -> None:
    if os.geteuid() != 0:
        raise Skipped("mounting needs root")
    found = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if found.returncode:
        raise Skipped(f"mount is not permitted here: {found.stderr.strip()}")


def mounted(case: Case, place: Path, *words: object) -> None:
    """Mounts something until the case is over."""
    mount(*words, place)
    case.finally_do(lambda: subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False))


def full(case: Case) -> str:
    disk = case.folder / "disk"
    disk.mkdir()
    size = case.random.randrange(48, 1500)
    mounted(case, disk, "-t", "tmpfs", "-o", f"size={size}k", "tmpfs")
    training = Training(case, SHAPE, disk / "run")
    coordinator = training.start("--local-workers", 1)
    if coordinator.wait(PATIENCE) == 0:
        training.check()
        return f"a disk of {size} KiB was large enough"
    reason = refusal(coordinator)
    expect("No space left" in reason or "full" in reason, f"the error does not name the full disk: {reason}")
    case.done["refused"] += 1
    mount("-o", "remount,size=64m", disk)
    training.finish(training.resume("--local-workers", 1))
    return f"full at {size} KiB, then the same bytes"


def immutable(case: Case) -> str:
    """No file can be made or renamed in the run folder from a random moment on."""
    chattr = shutil.which("chattr")
    training = Training(case, SHAPE)
    coordinator = training.start("--local-workers", 1)
    until("the first step", lambda: training.steps() >= 1 or not coordinator.is_running, PATIENCE)
    folders = [training.run, training.run / "checkpoints"]
    if not chattr or subprocess.run([chattr, "+i", *folders], capture_output=True, check=False).returncode:
        raise Skipped("chattr +i is not permitted here")
    case.finally_do(lambda: subprocess.run([chattr, "-i", *folders], capture_output=True, check=False))
    coordinator.wait(PATIENCE)
    reason = refusal(coordinator)
    case.done["refused"] += 1
    again = training.resume("--local-workers", 1)
    expect(again.wait(60) != 0, "a run went on in a folder in which no file can be made")
    refusal(again)
    subprocess.run([chattr, "-i", *folders], check=True)
    training.finish(training.resume("--local-workers", 1))
    return f"read-only while it ran: {reason[:120]}; then the same bytes"


def read_only(case: Case) -> str:
    training = interrupted(case)
    mounted(case, training.run, "--bind", training.run)
    mount("-o", "remount,bind,ro", training.run)
    again = training.resume("--local-workers", 1)
    again.wait(60)
    reason = refusal(again)
    case.done["refused"] += 1
    mount("-o", "remount,bind,rw", training.run)
    training.finish(training.resume("--local-workers", 1))
    return f"read-only at --resume: {reason[:120]}; then the same bytes"


def running(case: Case, training: Training) -> Program:
    """A run that has made a step, and would go on for long."""
    coordinator = training.start("--local-workers", 1)
    until("the first step", lambda: training.steps() >= 1, PATIENCE)
    return coordinator


def deleted(case: Case) -> str:
    training = Training(case, Shape(steps=1000))
    coordinator = running(case, training)
    coordinator.signal(signal.SIGSTOP)
    shutil.rmtree(training.run)
    coordinator.signal(signal.SIGCONT)
    coordinator.wait(PATIENCE)
    reason = refusal(coordinator)
    case.done["refused"] += 1
    expect(not training.run.exists(), f"the run wrote into a folder that was deleted: {list(training.run.rglob('*'))[:5]}")
    again = case.program(
        ["t2-coord", "start", "--resume", "--run-dir", training.run, "--bind", training.endpoint], "coordinator.log")
    again.wait(60)
    refusal(again)
    expect(not training.run.exists(), "a refused --resume made a folder")
    return f"deleted while it ran: {reason[:120]}"


def moved(case: Case) -> str:
    """The folder of a running run is moved, and another run begins in its place: each keeps its own bytes."""
    training = Training(case, SHAPE)
    coordinator = training.start("--local-workers", 1)
    while training.steps() < 1 and coordinator.is_running:
        time.sleep(POLL / 10)
    coordinator.signal(signal.SIGSTOP)
    other = Training(case, SHAPE, case.folder / "moved")
    training.run.rename(other.run)
    second = Training(case, Shape(steps=8, evaluate_every=4, seed=12), training.run)
    successor = second.start("--local-workers", 1)
    successor.line("listening on ")
    coordinator.signal(signal.SIGCONT)
    second.finish(successor)
    if coordinator.wait(PATIENCE) == 0:
        other.check()
        return "moved when it was over"
    reason = refusal(coordinator)
    case.done["refused"] += 1
    other.finish(other.resume("--local-workers", 1))
    second.check()
    return f"moved while it ran: {reason[:120]}; both have their own bytes"


KINDS: list[Callable[[Case], str]] = [
    full, immutable, read_only, deleted, moved,
    damaged(flip("run.sqlite-wal")), damaged(cut("run.sqlite-wal")), damaged(remove("run.sqlite-wal")),
    damaged(garbage("run.sqlite-wal")),
    damaged(flip("run.sqlite"), keeps_records=False), damaged(cut("run.sqlite")), damaged(remove("run.sqlite*")),
    damaged(garbage("run.sqlite")), changed_result, damaged(flip("run.sqlite-shm")),
    damaged(cut("checkpoints/*.safetensors")), damaged(flip("checkpoints/*.safetensors")),
    damaged(cut_all("checkpoints/*.safetensors")), damaged(remove("checkpoints/*.safetensors")),
    damaged(garbage("checkpoints/*")),
    damaged(cut("metrics.jsonl")), damaged(flip("metrics.jsonl")), damaged(remove("metrics.jsonl")),
    damaged(garbage("metrics.jsonl")),
    damaged(cut("expert-*.safetensors")), damaged(remove("expert-*.safetensors")), damaged(cut("configuration.yaml")),
    damaged(garbage("configuration.yaml")), damaged(garbage(".lock")), damaged(garbage("train.log")),
    damaged(remove("train.log")),
]


def harm_disk(case: Case) -> None:
    try:
        case.title = KINDS[case.number % len(KINDS)](case)
    except Skipped as reason:
        case.title = f"left out: {reason}"
        case.done["left out"] += 1


QUICK = (0, 3, 6, 13, 17, 20)

SCENARIOS = [
    Scenario("disk", "full, read-only, deleted and moved run folders; damaged journal, checkpoints, metrics and other files",
             harm_disk, "cases", quick=len(QUICK), long=len(KINDS) * 3,
             plan=lambda suite: QUICK if suite.is_quick else range(len(KINDS) * 3)),
]
