"""Every durable call of the coordinator in turn: it is killed before that call, or that call fails."""
from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Iterable

from .native import interposer
from .programs import tail
from .suite import Case, Scenario, Suite, expect
from .training import PATIENCE, Shape, Training, reference

SHAPE = Shape(steps=2, prompts=8, evaluate_every=2, validation=4)
ERRORS = (errno.EIO, errno.ENOSPC)
# Exit statuses that name the disk: a file cannot be created, an input or output error, try again.
DISK_STATUSES = (73, 74, 75)


def calls(suite: Suite) -> int:
    """The number of durable calls of an undisturbed run; a little more or less from run to run."""
    key = ("calls", SHAPE)
    if key not in suite.kept:
        reference(suite, SHAPE)
        with Case(suite, Scenario("count", "", lambda case: None, "cases", 1, 1), 0) as case:
            training = Training(case, SHAPE)
            coordinator = training.start("--local-workers", 1, environment=harm(case, training, 0, 0))
            training.finish(coordinator)
            suite.kept[key] = len((case.folder / "calls").read_text().splitlines())
    return suite.kept[key]


def harm(case: Case, training: Training, point: int, error: int) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(interposer(case.suite)), "T2_CHAOS_PROGRAM": "t2-coord", "T2_CHAOS_FOLDER": str(training.run),
        "T2_CHAOS_POINT": str(point), "T2_CHAOS_ERROR": str(error), "T2_CHAOS_CALLS": str(case.folder / "calls")}


def struck(case: Case, point: int) -> str:
    """The name and the file of the call of this number; empty if the run was over before."""
    for line in (case.folder / "calls").read_text().splitlines():
        number, call, path = line.split(" ", 2)
        if int(number) == point:
            return f"{call} of {re.sub('.tmp-.*', '.tmp', Path(path).name)}"
    return ""


def kill_before(case: Case) -> None:
    point = case.number
    training = Training(case, SHAPE)
    coordinator = training.start("--local-workers", 1, environment=harm(case, training, point, 0))
    status = coordinator.wait(PATIENCE)
    call = struck(case, point)
    if not call:
        case.title = "the run was over before this call"
        expect(status == 0, f"t2-coord ended with status {status}. It said:\n{tail(coordinator.text)}")
        return training.check()
    case.title = f"killed before {call}"
    expect(status == -9, f"t2-coord ended with status {status}. It said:\n{tail(coordinator.text)}")
    case.done["kills before a durable call"] += 1
    training.finish(training.resume("--local-workers", 1))


def fail_call(case: Case) -> None:
    point = case.number
    error = ERRORS[case.random.randrange(2)]
    training = Training(case, SHAPE)
    coordinator = training.start("--local-workers", 1, environment=harm(case, training, point, error))
    status = coordinator.wait(PATIENCE)
    call = struck(case, point)
    case.title = f"{errno.errorcode[error]} at {call or 'no call, the run was over before'}"
    if call:
        case.done["failed calls"] += 1
    if status == 0:
        case.done["went on unharmed"] += bool(call)
        return training.check()
    said = re.search(r"error: .*", coordinator.text)
    expect(said and status in DISK_STATUSES,
           f"t2-coord ended with status {status} instead of an error about the disk. It said:\n{tail(coordinator.text)}")
    case.done["ended with a clear error"] += 1
    training.finish(training.resume("--local-workers", 1))


def points(suite: Suite, quick: int, stride: int) -> Iterable[int]:
    """All calls in the long form, `quick` of them otherwise; those at the end may not be reached."""
    last = calls(suite)
    return range(last // (2 * quick), last, last // quick) if suite.is_quick else range(1, last + 1, stride)


SCENARIOS = [
    Scenario("calls", "the coordinator is killed before each of its durable calls (fsync, rename, write …)",
             kill_before, "kills before a durable call", quick=4, long=400, plan=lambda suite: points(suite, 6, 1)),
    Scenario("errors", "one durable call of the coordinator fails with EIO or ENOSPC",
             fail_call, "failed calls", quick=3, long=100, plan=lambda suite: points(suite, 4, 5)),
]
