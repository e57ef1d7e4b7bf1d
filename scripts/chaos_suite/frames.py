"""Damaged messages at the open port, with and without encryption."""
from __future__ import annotations

import re
import struct
import time
from pathlib import Path

from .native import compiled
from .programs import Program, tail
from .suite import Case, Scenario, expect
from .training import MODEL, Shape, Training, free_port
from .wire import message, parts_of, recorded

SHAPE = Shape(steps=3, evaluate_every=3)
PART = 500_000  # frames of a case
ALLOWANCE = 100 << 20  # bytes by which the coordinator may grow between a tenth of the frames and all


def originals(case: Case) -> Path:
    """A file with a few real messages of each kind."""
    frames = recorded(case.suite, SHAPE)
    unit = b'{"index":0,"phase":"train","run":"run","step":0}'
    chosen = [message([b"PROGRESS", b'{"attempt":1,"tokens":5,"unit":%s}' % unit]),
              message([b"ERROR", b'{"attempt":7,"category":"engine","completions":[],"logLines":[],"message":"m","payload":[],'
                                 b'"payloadDigest":"","unit":%s}' % unit])]
    kinds: dict[bytes, int] = {}
    for frame in frames:
        kind = parts_of(frame)[0]
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= 4:
            chosen.append(frame)
    path = case.folder / "messages"
    path.write_bytes(b"".join(struct.pack("=I", len(frame)) + frame for frame in chosen))
    return path


def keys_of(invitation: Path) -> list[str]:
    """The server's public key and the worker's own pair, as an invitation has them."""
    words = dict(re.findall(r"^([a-z-]+):? +(\S+)$", invitation.read_text(), re.MULTILINE))
    return [words[name] for name in ("server-key", "public-key", "secret-key")]


def flood(case: Case) -> None:
    sender = compiled(case.suite, "frames.c", "frames", "-lzmq")
    is_encrypted = case.number % 2 == 1
    training = Training(case, SHAPE)
    options: list[object] = []
    if is_encrypted:
        port = free_port()
        here = f"tcp://127.0.0.1:{port}"
        training.endpoint = f"tcp://0.0.0.0:{port}"
        options = ["--keys", case.folder / "keys"]
        for name in ("eve", "ann"):
            invite = case.program(
                ["t2-coord", "invite", name, "--endpoint", here, *options, "--output", case.folder / f"{name}.invite"],
                "invite.log")
            expect(invite.wait(60) == 0, f"t2-coord invite failed:\n{tail(invite.text)}")
    else:
        here = training.endpoint
    coordinator = training.start(*options)
    coordinator.line("listening on ")
    # The run is open and waits for a worker: it cannot be over before the last message has come.
    count = 2_000 if case.suite.is_quick else PART
    began = time.monotonic()
    words = [sender, here, originals(case), count, case.random.randrange(1 << 32)]
    sending = case.program(words + (keys_of(case.folder / "eve.invite") if is_encrypted else []), "frames.log")
    early, largest = watch(sending, coordinator, count)
    expect(sending.wait(1) == 0, f"the sender ended with status {sending.status}:\n{tail(sending.text)}")
    sent, answered = (int(word) for word in re.findall(r"(\d+) sent, (\d+) answered", sending.text)[-1])
    rate = answered / (time.monotonic() - began)
    invited = ["t2-worker", "join", case.folder / "ann.invite", "--model", MODEL, "--lanes", 1]
    worker = case.program(invited, "worker-ann.log") if is_encrypted else training.worker("ann")
    training.finish(coordinator)
    training.close_workers([worker])
    expect(largest - early <= ALLOWANCE, f"the coordinator grew from {early >> 20} to {largest >> 20} MiB")
    expect("malformed message" in coordinator.text, "the log names no malformed message")
    case.done["frames"] += answered
    case.done["frames sent"] += sent
    case.done["of them encrypted" if is_encrypted else "of them plain"] += answered
    case.most["MiB of memory"] = largest >> 20
    case.title = f"{'encrypted' if is_encrypted else 'plain'}, {rate:,.0f} answers/s, same bytes"


def watch(sending: Program, coordinator: Program, count: int) -> tuple[int, int]:
    """The coordinator's memory after a tenth of the frames, and its largest."""
    early, largest = 0, 0
    while sending.is_running:
        expect(coordinator.is_running, f"t2-coord ended with status {coordinator.status}. It said:\n{tail(coordinator.text)}")
        largest = max(largest, coordinator.resident_bytes())
        found = re.findall(r", (\d+) answered", sending.text)
        if not early and found and int(found[-1]) >= count // 10:
            early = largest
        time.sleep(0.05)
    return early or largest, largest


SCENARIOS = [
    Scenario("frames", "random, truncated and mutated messages at the open port, with and without encryption",
             flood, "frames", quick=8_000, long=10_000_000),
]
