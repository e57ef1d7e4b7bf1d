"""Scenarios, their cases, and the account of what was done and what held."""
from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Mapping, Optional

from .programs import Problem, Program

ROOT = Path(__file__).resolve().parents[2]


class Skipped(Exception):
    """What a scenario needs is missing on this machine."""


@dataclass(frozen=True)
class Scenario:
    name: str
    summary: str
    run: Callable[["Case"], None]
    # What is counted towards the goals, one of the counters of its cases.
    counter: str
    quick: int
    long: int
    # The numbers of the cases if there is an end of them; otherwise there are cases until the goal is reached.
    plan: Optional[Callable[["Suite"], Iterable[int]]] = None


@dataclass
class Outcome:
    """What came of a scenario."""

    scenario: Scenario
    goal: int
    cases: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: str = ""
    done: Counter = field(default_factory=Counter)
    most: Counter = field(default_factory=Counter)
    seconds: float = 0

    @property
    def held(self) -> bool:
        return not self.failed and (bool(self.skipped) or self.done[self.scenario.counter] >= self.goal)


class Suite:
    """Runs scenarios one after the other in a scratch folder."""

    def __init__(self, programs: Path, folder: Path, seed: int, is_quick: bool, minutes: Optional[float]) -> None:
        self.programs, self.folder, self.seed, self.is_quick, self.minutes = programs, folder, seed, is_quick, minutes
        # What scenarios compute once, such as the undisturbed runs.
        self.kept: dict = {}

    def run(self, outcome: Outcome, only: Optional[int]) -> None:
        """Runs the cases of a scenario, or only one of them."""
        scenario, goal = outcome.scenario, outcome.goal
        began = time.monotonic()
        say(f"{scenario.name}: {scenario.summary}")
        try:
            numbers = [only] if only is not None else scenario.plan(self) if scenario.plan else itertools.count()
            for number in numbers:
                # A plan is carried out whole.
                if only is None and not scenario.plan and outcome.done[scenario.counter] >= goal:
                    break
                if self.minutes and time.monotonic() - began > 60 * self.minutes:
                    break
                self._run(scenario, number, outcome)
                if len(outcome.failed) >= 10:
                    say(f"{scenario.name}: given up after {len(outcome.failed)} failed cases")
                    break
        except Skipped as reason:
            outcome.skipped = str(reason)
            say(f"{scenario.name}: skipped: {reason}")
        except Problem as problem:  # before the first case
            say(f"{scenario.name}: FAILED to begin: {problem}")
            outcome.failed.append(f"{scenario.name}: {problem}")
        finally:
            outcome.seconds = time.monotonic() - began
        if only is not None:
            outcome.goal = 0

    def _run(self, scenario: Scenario, number: int, outcome: Outcome) -> None:
        case = Case(self, scenario, number)
        began = time.monotonic()
        problem = ""
        try:
            scenario.run(case)
        except Problem as found:
            problem = str(found)
        except Skipped:
            case.end(keep=False)
            raise
        except Exception:
            problem = traceback.format_exc()
        except BaseException:  # the suite is ended by a signal
            case.end(keep=True)
            raise
        problem = problem or case.lasting()
        case.end(keep=bool(problem))
        outcome.cases += 1
        outcome.done += case.done
        outcome.most |= case.most
        did = counted(case.done, case.most)
        say(f"{scenario.name} {number}: {'FAILED' if problem else 'held'} {case.title}"
            f" ({did}; {time.monotonic() - began:.1f} s; {outcome.done[scenario.counter]} of {outcome.goal} {scenario.counter})")
        if problem:
            repeat = f"scripts/chaos {scenario.name} --seed {self.seed} --case {number}{' --quick' if self.is_quick else ''}"
            say(f"  {problem}\n  kept: {case.folder}\n  again: {repeat}")
            (case.folder / "problem.txt").write_text(f"{problem}\n{repeat}\n")
            outcome.failed.append(f"{scenario.name} {number}: {problem.splitlines()[0] if problem else ''}\n"
                                  f"    kept: {case.folder}\n    again: {repeat}")


class Case:
    """One training and the harm done to it. Its choices follow from the suite's seed, the scenario and the case's number."""

    def __init__(self, suite: Suite, scenario: Scenario, number: int) -> None:
        self.suite, self.number, self.title = suite, number, ""
        self.random = random.Random(f"{suite.seed}/{scenario.name}/{number}")
        self.folder = suite.folder / f"{scenario.name}-{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # How often each thing was done, and the largest values seen.
        self.done: Counter = Counter(cases=1)
        self.most: Counter = Counter()
        self.programs: list[Program] = []
        self._sessions: set[int] = set()
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Case:
        return self

    def __exit__(self, kind: Optional[type], *_: object) -> None:
        self.end(keep=kind is not None)

    def program(self, arguments: Iterable[object], log: str, environment: Optional[Mapping[str, str]] = None,
                prepare: Optional[Callable[[], None]] = None) -> Program:
        """Starts a program of t2, or one that is given by its path."""
        words = [str(word) for word in arguments]
        if "/" not in words[0] and words[0].startswith("t2"):
            words[0] = str(self.suite.programs / words[0])
        started = Program(words, self.folder / log, environment, prepare)
        self.programs.append(started)
        self._sessions.add(started.process.pid)
        return started

    def finally_do(self, action: Callable[[], object]) -> None:
        """Does something once the case is over and its programs have ended, the last first."""
        self._undo.append(action)

    def forget(self, program: Program) -> None:
        """Closes a program that has ended."""
        program.close()
        self.programs.remove(program)

    def lasting(self, seconds: float = 20) -> str:
        """Says which processes of this case still run a while after it is over."""
        deadline = time.monotonic() + seconds
        while (left := self._processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return f"processes still run {seconds:.0f} s after the case: {left}" if left else ""

    def _processes(self) -> dict[int, str]:
        """The living processes that this case's programs have started, and they themselves, with their names."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                name, rest = (folder / "stat").read_text().rsplit(") ", 1)
            except OSError:
                continue
            state, _, _, session = rest.split()[:4]
            if int(session) in self._sessions and state != "Z":
                found[int(folder.name)] = name.split("(", 1)[1]
        return found

    def end(self, keep: bool) -> None:
        for program in self.programs:
            program.close()
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for action in reversed(self._undo):
            action()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def expect(condition: object, problem: str) -> None:
    if not condition:
        raise Problem(problem)


def counted(done: Counter, most: Counter) -> str:
    parts = [f"{value:,} {name}" for name, value in done.items() if value and name != "cases"]
    return ", ".join(parts + [f"{name} ≤ {value:,}" for name, value in most.items()]) or "nothing else"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
