"""Workers and coordinators that are killed, stopped, slowed down and short of memory at random moments."""
from __future__ import annotations

import resource
import signal
import time
from typing import Callable, Optional

from .programs import POLL, Program, tail
from .suite import Case, Scenario, expect
from .training import PATIENCE, Shape, Training, ended_early, reference

# How often each harm is done to a worker.
HARMS = {"kill": 80, "term": 8, "pause": 4, "slow": 6, "stop": 2}
# Limits of the address space, in MB: too little to start, to load the model, to compute, and hardly enough.
MEMORY = [100, 200, 300, 400, 500, 650, 800, 1000, 1300, 1700, 2500]
PEAK_SILENCE = 8  # seconds of a pause: longer than a silence that is suspect, shorter than one that is given up


class Supervisor:
    """Keeps one worker running, and harms it: each life of it has a fate, which strikes at a random moment."""

    def __init__(self, case: Case, training: Training, name: str, pace: float, harms: dict[str, int],
                 prepare: Optional[Callable[[], Callable[[], None]]] = None) -> None:
        self.case, self.training, self.name, self.pace, self.harms, self.prepare = case, training, name, pace, harms, prepare
        self.lives = 0
        # Workers that stay stopped until the case is over.
        self.stopped: list[Program] = []
        self.worker: Optional[Program] = None
        self._begin()

    def _begin(self) -> None:
        random = self.case.random
        self.lives += 1
        # A supervisor starts a worker again under its name, or under one that follows from the new process.
        name = self.name if random.random() < 0.5 else f"{self.name}.{self.lives}"
        self.harm = random.choices(list(self.harms), list(self.harms.values()))[0]
        self.worker = self.training.worker(
            name, log=self.name, prepare=self.prepare() if self.prepare else None)
        # One harm in six strikes before the worker has joined.
        is_early = random.random() < 1 / 6
        delay = random.random() * 0.4 if is_early else random.expovariate(1 / (2 * self.pace))
        self.due: Optional[float] = time.monotonic() + delay if is_early else None
        self.delay, self.beats = delay, 0

    def tick(self) -> None:
        """Does what is due, and starts the worker again if it has ended."""
        worker = self.worker
        assert worker
        if not worker.is_running:
            self._note_end(worker)
            self.case.forget(worker)
            return self._begin()
        if self.due is None and " joined" in worker.text:
            self.due = time.monotonic() + self.delay
        if self.due is None or time.monotonic() < self.due:
            return
        if self.harm == "kill":
            worker.kill()
        elif self.harm == "term":
            worker.signal(signal.SIGTERM)
            self.due = time.monotonic() + PATIENCE
            self.case.done["SIGTERM"] += 1
        elif self.harm == "pause":
            self._beat(1, self.case.random.uniform(0.5, PEAK_SILENCE), 0)
        elif self.harm == "slow":
            self._beat(40, 0.09, 0.01)
        elif self.harm == "stop":
            worker.signal(signal.SIGSTOP)
            self.case.done["SIGSTOP for good"] += 1
            self.stopped.append(worker)
            self.harms = {**self.harms, "stop": 0}
            self.name += "+"
            self._begin()

    def _beat(self, count: int, still: float, running: float) -> None:
        """Lets the worker stand still and run in turns, then kills it."""
        worker = self.worker
        assert worker
        if self.beats == 2 * count:
            self.case.done["SIGSTOP and SIGCONT" if count == 1 else "slowed down"] += 1
            self.harm = "kill"
            self.due = time.monotonic() + self.case.random.expovariate(1 / self.pace)
            return
        worker.signal(signal.SIGCONT if self.beats % 2 else signal.SIGSTOP)
        self.due = time.monotonic() + (running if self.beats % 2 else still)
        self.beats += 1

    def _note_end(self, worker: Program) -> None:
        status = worker.status
        if status == -signal.SIGKILL:
            self.case.done["worker kills"] += 1
            return
        # Released at the end of the run, or asked to leave.
        if status == 0 and (" left" in worker.text or self.harm == "term"):
            return
        # A worker whose predecessor still counts as alive is refused in the end, and says so.
        if status == 78 and "is here already" in worker.text:
            self.case.done["refused namesakes"] += 1
            return
        if self.harm == "term" and ended_early(worker):
            return
        if self.prepare and status is not None:
            # Where a library cannot go on without memory, it ends the process.
            expect(status in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGILL, -signal.SIGTRAP) or "error" in worker.text,
                   f"{worker.log.name}: a worker ended with status {status} without a reason. It said:\n{tail(worker.text)}")
            self.case.done["out of memory"] += 1
            self.case.done["ended by a signal"] += status < 0
            return
        expect(False, f"{worker.log.name}: a worker ended with status {status}. It said:\n{tail(worker.text)}")

    def release(self) -> list[Program]:
        """The workers that are left, none of them standing still."""
        left = [*self.stopped, *([self.worker] if self.worker else [])]
        for worker in left:
            worker.signal(signal.SIGCONT)
        return left


def supervise(case: Case, training: Training, coordinator: Program, supervisors: list[Supervisor]) -> None:
    """Harms workers until the run is over."""
    deadline = time.monotonic() + PATIENCE
    steps, kills = 0, 0
    while coordinator.is_running:
        expect(time.monotonic() < deadline,
               f"the run is at step {training.steps()} after {PATIENCE} s. t2-coord said:\n{tail(coordinator.text)}")
        for supervisor in supervisors:
            supervisor.tick()
        # On a busy machine, workers must live longer for the run to go on.
        if case.done["worker kills"] >= kills + 40:
            kills = case.done["worker kills"]
            if training.steps() == steps:
                for supervisor in supervisors:
                    supervisor.pace *= 2
            steps = training.steps()
        time.sleep(POLL)


def harm_workers(case: Case) -> None:
    shape = Shape(steps=4 if case.suite.is_quick else 40)
    pace = reference(case.suite, shape).pace
    training = Training(case, shape)
    coordinator = training.start("--verbose")
    coordinator.line("listening on ")
    supervisors = [Supervisor(case, training, name, pace, HARMS) for name in ("ann", "bob", "cid")]
    supervise(case, training, coordinator, supervisors)
    training.finish(coordinator)
    training.close_workers([worker for supervisor in supervisors for worker in supervisor.release()])
    case.title = f"{shape.steps} steps, same bytes"
    expect_causes(coordinator, case)


def expect_causes(coordinator: Program, case: Case) -> None:
    """The log says of lost units which worker had them and what became of it."""
    lost = [line for line in coordinator.text.splitlines() if "unit failed" in line]
    unexplained = [line for line in lost if "worker=" not in line or "problem=" not in line or "category=" not in line]
    expect(not unexplained, f"units failed without a cause in the log: {unexplained[:3]}")
    gone = [line for line in coordinator.text.splitlines() if "connection to worker lost" in line or "worker lost" in line]
    expect(gone or not case.done["worker kills"], "the log names none of the workers that were lost")
    case.done["units computed again"] += len(lost)


def starve_workers(case: Case) -> None:
    """One worker is sound; two others have too little memory, of a random size, at each start."""
    shape = Shape(steps=4 if case.suite.is_quick else 40)
    pace = reference(case.suite, shape).pace
    training = Training(case, shape)
    coordinator = training.start("--verbose")
    coordinator.line("listening on ")

    def limited() -> Callable[[], None]:
        size = case.random.choice(MEMORY) * 1_000_000
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))

    supervisors = [Supervisor(case, training, "sound", pace, {"pause": 1})]
    supervisors[0].harm = "none"
    supervisors += [Supervisor(case, training, name, pace * 4, {"kill": 1}, limited) for name in ("dee", "eve")]
    supervise(case, training, coordinator, supervisors)
    training.finish(coordinator)
    training.close_workers([worker for supervisor in supervisors for worker in supervisor.release()], may_fail=True)
    case.title = f"{shape.steps} steps, same bytes"


def kill_coordinator(case: Case) -> None:
    shape = Shape(steps=10 if case.suite.is_quick else 80)
    pace = reference(case.suite, shape).pace
    training = Training(case, shape)
    workers = [training.worker(name) for name in ("ann", "bob")]
    lifetime, steps, barren = 3 * pace, 0, 0
    deadline = time.monotonic() + PATIENCE
    while True:
        coordinator = training.resume()
        if case.random.random() < 0.15:
            moment = time.monotonic() + case.random.random() * 0.3
        else:
            coordinator.line("listening on ")
            moment = time.monotonic() + case.random.expovariate(1 / lifetime)
        while time.monotonic() < moment and coordinator.is_running:
            time.sleep(POLL / 10)
        if not coordinator.kill():
            break
        case.done["coordinator kills"] += 1
        case.forget(coordinator)
        expect(time.monotonic() < deadline, f"the run is at step {training.steps()} after {PATIENCE} s")
        # On a busy machine, coordinators must live longer for the run to go on.
        barren = barren + 1 if training.steps() == steps else 0
        steps = training.steps()
        lifetime = 3 * pace * 2 ** (barren // 5)
    training.finish(coordinator)
    for worker in workers:
        expect(worker.is_running or worker.status == 0,
               f"{worker.log.name}: the worker did not stay, status {worker.status}. It said:\n{tail(worker.text)}")
        expect(worker.text.count(" joined") > 1 or case.done["coordinator kills"] < 3, f"{worker.log.name}: it joined once")
    training.close_workers(workers)
    case.title = f"{shape.steps} steps with workers that stay, same bytes"


SCENARIOS = [
    Scenario("workers", "workers are killed, ended, stopped and slowed down at random moments, and started again",
             harm_workers, "worker kills", quick=3, long=1000),
    Scenario("memory", "workers with too little memory beside a sound one", starve_workers, "out of memory", quick=1, long=60),
    Scenario("coordinator", "the coordinator is killed at random moments and resumed; the workers stay",
             kill_coordinator, "coordinator kills", quick=2, long=300),
]
