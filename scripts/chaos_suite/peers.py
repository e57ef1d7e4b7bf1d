"""Peers that send what they should not: NaN, forged units, impossible numbers, another model, another version, nothing at all.

Lies within what a unit can be are the matter of audits, which Tests/T2CoordinatorTests/Dispatch/AuditTests covers."""
from __future__ import annotations

import hashlib
import json
import math
import shutil
import struct
import time
from typing import Callable, Optional

from .programs import Problem, tail
from .suite import Case, Scenario, expect
from .training import MODEL, PATIENCE, Shape, Training
from .wire import COMMAND, Parts, Peer, header, message, recorded, results, unit_name, zmtp

SHAPE = Shape(steps=3, evaluate_every=3)


class Setting:
    """A coordinator that waits for workers, and what a real worker sent in the same run."""

    def __init__(self, case: Case) -> None:
        self.case, self.training = case, Training(case, SHAPE)
        self.frames = recorded(case.suite, SHAPE)
        self.results = results(self.frames)
        self.coordinator = self.training.start("--verbose")
        self.coordinator.line("listening on ")

    def peer(self, name: str = "eve", **changes: object) -> tuple[Peer, dict]:
        """A peer that has said HELLO, and the WELCOME that it got."""
        peer = Peer(self.training.endpoint)
        hello = header(self.frames, "HELLO")
        hello["worker"] = {"incarnation": self.case.random.randrange(1, 1 << 60), "name": name}
        peer.send("HELLO", {**hello, **changes})
        return peer, peer.receive("WELCOME")[1]

    def lease(self, peer: Peer) -> dict:
        peer.send("CREDIT", {"count": 1, "received": 0})
        return peer.receive("LEASE")[1]

    def answer(self, lease: dict, epoch: Optional[int] = None,
               change: Optional[Callable[[dict, Parts], None]] = None) -> Parts:
        """The recorded result of a leased unit, as that of this lease; changed before its digest is taken."""
        parts = self.results[unit_name(lease["work"]["key"])]
        head, payload = json.loads(parts[1]), list(parts[2:])
        head.update(epoch=epoch or lease["epoch"], attempt=lease["attempt"])
        if change:
            change(head, payload)
        head["payloadDigest"] = hashlib.sha256(b"".join(payload)).hexdigest()
        return [b"RESULT", json.dumps(head, separators=(",", ":"), sort_keys=True).encode(), *payload]

    def finish(self) -> None:
        """An honest worker ends the run."""
        worker = self.training.worker("ann")
        self.training.finish(self.coordinator)
        self.training.close_workers([worker])

    def said(self, part: str) -> None:
        self.coordinator.line(part, 30)


def refused(setting: Setting, change: Callable[[dict, Parts], None]) -> str:
    """A result that cannot be is refused with a reason, and the unit is computed by another worker."""
    peer, _ = setting.peer()
    lease = setting.lease(peer)
    peer.send_frame(message(setting.answer(lease, change=change)))
    _, answer = peer.receive("ACK", "ERROR")
    expect(answer.get("verdict") != "accepted", f"the result was accepted: {answer}")
    peer.close()
    setting.finish()
    return str(answer.get("reason") or answer.get("message") or answer)[:200]


def set_gradient(value: float) -> Callable[[dict, Parts], None]:
    def change(_: dict, payload: Parts) -> None:
        payload[-1] = payload[-1][:-4] + struct.pack("<f", value)
    return change


def set_statistic(name: str, value: object) -> Callable[[dict, Parts], None]:
    def change(head: dict, _: Parts) -> None:
        head["statistics"][name] = value
    return change


def not_finite(setting: Setting, value: float) -> str:
    """A gradient that is not finite ends the run with the evidence; --resume and an honest worker give the same bytes."""
    peer, _ = setting.peer()
    lease = setting.lease(peer)
    while lease["work"]["key"]["phase"] != "train":
        peer.send_frame(message(setting.answer(lease)))
        peer.receive("ACK")
        lease = setting.lease(peer)
    peer.send_frame(message(setting.answer(lease, change=set_gradient(value))))
    setting.coordinator.wait(30)
    peer.close()
    said = [line for line in setting.coordinator.text.splitlines() if line.startswith("error: ")]
    expect(setting.coordinator.status == 65 and said and "eve" in said[0],
           f"t2-coord ended with status {setting.coordinator.status} without naming the worker. It said:\n"
           + tail(setting.coordinator.text))
    setting.coordinator = setting.training.resume()
    setting.finish()
    return f"the run stopped and named the worker, then the same bytes: {said[0][:160]}"


def forged(setting: Setting) -> str:
    """Results of units that were never leased to the sender."""
    peer, welcome = setting.peer()
    verdicts = set()
    for name, parts in setting.results.items():
        lease = {"work": {"key": json.loads(parts[1])["unit"]}, "attempt": 1, "epoch": welcome["epoch"]}
        change = set_gradient(0.5) if len(parts) > 5 else None
        peer.send_frame(message(setting.answer(lease, change=change)))
        kind, answer = peer.receive("ACK", "ERROR")
        verdicts.add(answer.get("verdict", kind))
    expect("accepted" not in verdicts, f"a unit that was never leased was accepted: {verdicts}")
    peer.close()
    setting.finish()
    return f"{len(setting.results)} results of other workers' units: {', '.join(sorted(verdicts))}"


def stale(setting: Setting) -> str:
    """A result of an earlier start of the coordinator."""
    peer, welcome = setting.peer()
    lease = setting.lease(peer)
    peer.send_frame(message(setting.answer(lease, epoch=welcome["epoch"] ^ 1)))
    _, answer = peer.receive("ACK", "ERROR")
    expect(answer.get("verdict") == "stale", f"a result of another epoch is {answer}")
    peer.close()
    setting.finish()
    return "a result of another epoch is stale"


def repeated(setting: Setting) -> str:
    """The same result, twice: the second counts for nothing."""
    peer, _ = setting.peer()
    lease = setting.lease(peer)
    verdicts = []
    for _ in range(2):
        peer.send_frame(message(setting.answer(lease)))
        verdicts.append(peer.receive("ACK")[1].get("verdict"))
    expect(verdicts == ["accepted", "duplicate"], f"one result sent twice is {verdicts}")
    peer.close()
    setting.finish()
    return "a result sent twice counts once"


def other_version(setting: Setting) -> str:
    peer = Peer(setting.training.endpoint)
    body = message([b"HELLO", json.dumps(header(setting.frames, "HELLO")).encode()])
    peer.send_frame(b"T2/2" + body[4:])
    _, answer = peer.receive("ERROR")
    expect("T2/4" in answer["message"] and "T2/2" in answer["message"], f"the answer names no versions: {answer}")
    peer.close()
    setting.finish()
    return answer["message"][:160]


def other_model(setting: Setting) -> str:
    """A real worker whose model differs in one byte."""
    model = setting.case.folder / "model"
    shutil.copytree(MODEL, model)
    weights = model / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-2] ^= 1
    weights.write_bytes(data)
    worker = setting.case.program(
        ["t2-worker", "join", setting.training.endpoint, "--model", model, "--name", "other"], "worker-other.log")
    expect(worker.wait(60) == 78, f"the worker ended with status {worker.status}:\n{tail(worker.text)}")
    expect("base model has digest" in worker.text, f"the worker does not say why:\n{tail(worker.text)}")
    setting.said("worker refused")
    setting.finish()
    return "refused with both digests"


def taken_name(setting: Setting) -> str:
    """A peer that takes the name of a worker that is at work."""
    worker = setting.training.worker("ann")
    setting.said("worker joined")
    peer = Peer(setting.training.endpoint)
    hello = header(setting.frames, "HELLO")
    hello["worker"] = {"incarnation": 1, "name": "ann"}
    peer.send("HELLO", hello)
    kind, answer = peer.receive("REJECT", "WELCOME")
    expect(kind == "REJECT" or not setting.coordinator.is_running, f"a second ann was admitted: {answer}")
    peer.close()
    setting.training.finish(setting.coordinator)
    setting.training.close_workers([worker])
    return answer.get("reason", "")[:160]


def hog(setting: Setting) -> str:
    """A peer that takes every lease and does nothing, its connection alive."""
    peer, _ = setting.peer()
    for received in range(3):
        peer.send("CREDIT", {"count": 8, "received": received})
    peer.receive("LEASE")
    began = time.monotonic()
    worker = setting.training.worker("ann")
    while setting.coordinator.is_running and time.monotonic() < began + PATIENCE:
        try:
            peer.send("HEARTBEAT", {})
            peer.receive("DRAIN", seconds=1)
        except (Problem, OSError):
            pass
    setting.training.finish(setting.coordinator)
    setting.training.close_workers([worker])
    peer.close()
    return f"a silent holder of leases cost {time.monotonic() - began:.0f} s"


def endless(setting: Setting) -> str:
    """A message that does not end."""
    peer = Peer(setting.training.endpoint)
    peer.socket.sendall(struct.pack("!BQ", 2, 1 << 40))
    most, sent = 0, 0
    try:
        for _ in range(2_000):
            sent += peer.socket.send(bytes(1 << 16))
            most = max(most, setting.coordinator.resident_bytes())
    except OSError:
        pass
    peer.close()
    expect(most < 200 << 20, f"the coordinator holds {most >> 20} MiB")
    expect(sent < 100 << 20, f"the coordinator took {sent >> 20} MiB of a message that does not end")
    setting.finish()
    return f"cut off after {sent / (1 << 20):.1f} MiB"


def flood(setting: Setting) -> str:
    """Peers that send more messages than are taken, with pings in between, and break off."""
    piece = (zmtp(b"x") * 20 + zmtp(b"\x04PING\0\0", COMMAND)) * 200
    sent, peers, cut_off = 0, 20, 0
    for _ in range(peers):
        try:
            peer = Peer(setting.training.endpoint)
        except OSError:
            break  # it has ended, as is seen below
        peer.socket.setblocking(False)
        try:
            for _ in range(50):
                sent += peer.socket.send(piece)
        except BlockingIOError:
            pass  # it does not read on
        except OSError:
            cut_off += 1
        peer.break_off()
    most = setting.coordinator.resident_bytes()
    setting.finish()
    setting.case.most["MiB of memory"] = most >> 20
    expect(most < 400 << 20, f"the coordinator holds {most >> 20} MiB")
    return f"{peers} peers sent {sent / (1 << 20):.1f} MiB of tiny messages, {cut_off} were cut off"


def half(setting: Setting) -> str:
    """A peer that goes away in the middle of its result."""
    peer, _ = setting.peer()
    lease = setting.lease(peer)
    body = zmtp(message(setting.answer(lease)))
    peer.socket.sendall(body[:setting.case.random.randrange(1, len(body))])
    peer.close()
    setting.finish()
    return "a result that breaks off is computed again"


KINDS: list[tuple[str, Callable[[Setting], str]]] = [
    ("NaN", lambda setting: not_finite(setting, math.nan)), ("forged units", forged), ("another epoch", stale),
    ("the same twice", repeated),
    ("another version", other_version), ("another model", other_model), ("a taken name", taken_name),
    ("an endless message", endless),
    ("half a result", half), ("a flood that breaks off", flood), ("a holder of leases", hog),
    ("missing rewards without number", lambda setting: refused(setting, set_statistic("missing", {"x": (1 << 63) - 1, "y": 1}))),
    ("negative missing rewards", lambda setting: refused(setting, set_statistic("missing", {"x": -1}))),
    ("an enormous loss", lambda setting: refused(setting, set_statistic("policyLoss", 1.7e308))),
    ("too many tokens", lambda setting: refused(setting, set_statistic("completionTokens", 1 << 40))),
    ("an enormous gradient", lambda setting: refused(setting, set_gradient(3e38))),
    ("an infinite gradient", lambda setting: not_finite(setting, math.inf)),
]


def lie(case: Case) -> None:
    name, run = KINDS[case.number % len(KINDS)]
    case.title = name
    setting = Setting(case)
    case.title = f"{name}: {run(setting)}"
    case.done["hostile peers"] += 1


QUICK = (0, 1, 4, 7, 8, 9)

SCENARIOS = [
    Scenario("peers", "peers with NaN, forged units, impossible numbers, another model or version, a taken name, or a flood",
             lie, "hostile peers", quick=len(QUICK), long=len(KINDS) * 3,
             plan=lambda suite: QUICK if suite.is_quick else range(len(KINDS) * 3)),
]
