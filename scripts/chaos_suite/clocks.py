"""Wall clocks that jump by hours while a run goes on."""
from __future__ import annotations

import struct
import time

from .native import interposer
from .suite import Case, Scenario, expect
from .training import PATIENCE, Shape, Training, reference

HOUR = 3600


def jump(case: Case) -> None:
    """The clocks of the coordinator and of two workers jump apart, forwards and backwards."""
    shape = Shape(steps=10 if case.suite.is_quick else 20)
    pace = reference(case.suite, shape).pace
    training = Training(case, shape)
    clocks = {}
    for name in ("coordinator", "ann", "bob"):
        clocks[name] = case.folder / f"clock-{name}"
        clocks[name].write_bytes(struct.pack("q", 0))

    def environment(name: str, program: str) -> dict[str, str]:
        return {"LD_PRELOAD": str(interposer(case.suite)), "T2_CHAOS_PROGRAM": program, "T2_CHAOS_CLOCK": str(clocks[name])}

    coordinator = training.start("--verbose", environment=environment("coordinator", "t2-coord"))
    workers = [training.worker(name, environment=environment(name, "t2-worker")) for name in ("ann", "bob")]
    coordinator.line("worker joined")
    deadline = time.monotonic() + PATIENCE
    jumps: list[int] = []
    while coordinator.is_running and time.monotonic() < deadline:
        hours = case.random.uniform(-48, 48)
        with open(clocks[case.random.choice(list(clocks))], "r+b") as file:
            file.write(struct.pack("q", int(hours * HOUR)))
        jumps.append(int(hours))
        time.sleep(case.random.expovariate(1 / pace))
    training.finish(coordinator, 1)
    training.close_workers(workers)
    days = {line[:10] for line in coordinator.text.splitlines() if line[:2] == "20"}
    expect(len(days) > 1, "the coordinator's log shows one day only: its clock did not jump")
    case.done["jumps"] += len(jumps)
    case.title = f"by {min(jumps)} to {max(jumps)} hours, same bytes"


SCENARIOS = [
    Scenario("clocks", "the wall clocks of coordinator and workers jump by up to two days, forwards and backwards",
             jump, "jumps", quick=5, long=300),
]
