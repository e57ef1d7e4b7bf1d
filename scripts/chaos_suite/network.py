"""A head node and three workers with addresses of their own, encrypted, on a network that fails in every way it can."""
from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .programs import Program, tail, until
from .suite import Case, Scenario, Skipped, expect
from .training import PATIENCE, Shape, Training

HUB = Path(__file__).with_name("hub.py")
NODES = ("n1", "n2", "n3")
PORT = 5555


class Network:
    """Namespaces for the head and for each node, joined by a switch that does harm."""

    def __init__(self, case: Case) -> None:
        if os.geteuid() != 0:
            raise Skipped("network namespaces need root")
        if not shutil.which("ip"):
            raise Skipped("it needs ip (apt-get install iproute2)")
        self.case, self.prefix = case, f"t2-chaos-{os.getpid()}-"
        self.control = case.folder / "network.json"
        self.resets = 0
        self.set()
        hosts = ["head", *NODES]
        try:
            for name in ["hub", *hosts]:
                self._ip("netns", "add", self.prefix + name)
                case.finally_do(functools.partial(self._delete, name))
                self._ip("-n", self.prefix + name, "link", "set", "lo", "up")
        except OSError as error:
            raise Skipped(f"network namespaces are not permitted here: {error}") from None
        for number, name in enumerate(hosts):
            namespace = self.prefix + name
            self._ip("-n", self.prefix + "hub", "link", "add", f"p{number}", "type", "veth", "peer", "name", "eth0",
                     "netns", namespace)
            self._ip("-n", self.prefix + "hub", "link", "set", f"p{number}", "up")
            self._ip("-n", namespace, "address", "add", f"10.77.0.{number + 1}/24", "dev", "eth0")
            self._ip("-n", namespace, "link", "set", "eth0", "up")
            subprocess.run([*self.inside(name), sys.executable, HUB, "plain", "eth0"], check=True)
        ports = [f"p{number}" for number in range(len(hosts))]
        words = [sys.executable, HUB, "switch", self.control, case.random.random(), *ports]
        self.hub = case.program([*self.inside("hub"), *words], "hub.log")

    def inside(self, name: str) -> list[str]:
        """What to put in front of a command that is to run on a host."""
        return ["ip", "netns", "exec", self.prefix + name]

    def set(self, **settings: object) -> None:
        """Sets what the switch does from now on; nothing means a sound network."""
        new = self.control.with_suffix(".new")
        new.write_text(json.dumps({"reset": self.resets, **settings}))
        new.rename(self.control)

    def _delete(self, name: str) -> None:
        subprocess.run(["ip", "netns", "delete", self.prefix + name], capture_output=True, check=False)

    @staticmethod
    def _ip(*words: str) -> None:
        found = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        if found.returncode:
            raise OSError(f"ip {' '.join(words)}: {found.stderr.strip()}")


def choose(case: Case, network: Network) -> tuple[str, dict, float]:
    """What the network does next: its name, the settings, and for how long."""
    random = case.random
    kind = random.choice(["loss", "delay", "duplication", "reordering", "everything", "partition", "partition of all", "reset"])
    seconds = random.uniform(0.5, 3)
    if kind == "loss":
        return kind, {"loss": random.uniform(0.01, 0.3)}, seconds
    if kind == "delay":
        return kind, {"delay": random.uniform(0.01, 0.3)}, seconds
    if kind == "duplication":
        return kind, {"duplicate": random.uniform(0.1, 0.9)}, seconds
    if kind == "reordering":
        return kind, {"jitter": random.uniform(0.005, 0.1)}, seconds
    if kind == "everything":
        return kind, {"loss": 0.05, "delay": 0.03, "duplicate": 0.2, "jitter": 0.05}, seconds
    if kind == "reset":
        network.resets += 1
        return kind, {}, seconds
    longest = 4 if case.suite.is_quick else 20
    away = [0] if kind == "partition of all" else random.sample([1, 2, 3], random.randint(1, 2))
    return kind, {"away": away}, random.uniform(0.5, longest)


def disturb(case: Case) -> None:
    shape = Shape(steps=20 if case.suite.is_quick else 60)
    network = Network(case)
    training = Training(case, shape)
    training.endpoint = f"tcp://0.0.0.0:{PORT}"
    training.prefix = network.inside("head")
    keys = case.folder / "keys"
    for name in NODES:
        invite = case.program(
            ["t2-coord", "invite", name, "--endpoint", f"tcp://10.77.0.1:{PORT}", "--keys", keys, "--output",
             case.folder / f"{name}.invite"], "invite.log")
        expect(invite.wait(60) == 0, f"t2-coord invite failed:\n{tail(invite.text)}")
    coordinator = training.start("--keys", keys, "--verbose")
    coordinator.line("listening on ")
    program = case.suite.programs / "t2-worker"
    model = training.shape.arguments()[1]
    workers: list[Program] = [
        case.program(
            [*network.inside(name), program, "join", case.folder / f"{name}.invite", "--model", model, "--lanes", 1, "--verbose"],
            f"worker-{name}.log") for name in NODES]
    def joined() -> set[str]:
        lines = [line for line in coordinator.text.splitlines() if "worker joined" in line]
        return {name for name in NODES if any(f"worker={name}" in line for line in lines)}

    until("all nodes to join", lambda: len(joined()) == len(NODES), 120)
    deadline = time.monotonic() + PATIENCE
    longest_away = 0.0
    while coordinator.is_running:
        expect(time.monotonic() < deadline, f"the run is at step {training.steps()} after {PATIENCE} s:\n{tail(coordinator.text)}")
        kind, settings, seconds = choose(case, network)
        network.set(**settings)
        ending = time.monotonic() + seconds
        while coordinator.is_running and time.monotonic() < ending:
            time.sleep(0.02)
        case.done["disturbances"] += 1
        case.done[kind] += 1
        if "away" in settings and coordinator.is_running:
            longest_away = max(longest_away, seconds)
        # A moment in which work gets done.
        network.set()
        time.sleep(case.random.random())
    network.set()
    training.finish(coordinator, 1)
    training.close_workers(workers, seconds=60)
    case.forget(network.hub)
    said = coordinator.text
    expect(longest_away < 8 or "worker silent" in said or "connection to worker lost" in said,
           f"a partition of {longest_away:.0f} s left no trace in the log")
    case.title = f"{shape.steps} steps on 4 hosts with encryption, same bytes"


SCENARIOS = [
    Scenario("network", "a head node and three nodes with invitations; loss, delay, duplication, reordering, partitions, resets",
             disturb, "disturbances", quick=3, long=100),
]
