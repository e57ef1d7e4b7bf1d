"""Times a real coordinator with many emulated workers, to show that handing out units is no bottleneck.

Usage: python emulated_workers.py --programs FOLDER --config FILE.yaml [--workers 100] [--units 128] [--unit-seconds 0.5] [--steps 6]

The coordinator is t2-coord, the sockets are real, and each worker is one connection that speaks the protocol of
Sources/T2Transport/README.md. A worker computes nothing: it waits for the unit's time, then returns completions of the right shape
and a zero gradient. With enough workers the ideal time of a step is unit-seconds × ceil(units / workers).
"""

import argparse
import hashlib
import json
import math
import os
import pathlib
import re
import statistics
import struct
import subprocess
import tempfile
import time
from collections import Counter

import zmq

VERSION = b"T2/3"
HEARTBEAT_SECONDS = 1.0
PROGRESS_SECONDS = 2.0
LEASES_AHEAD = 2


def frame(*parts: bytes) -> bytes:
    """The one frame of a message: the version, the number of parts, their lengths, and the parts."""
    return VERSION + bytes([len(parts)]) + struct.pack(f"<{len(parts)}I", *map(len, parts)) + b"".join(parts)


def parts(frame: bytes) -> list[bytes]:
    count = frame[len(VERSION)]
    start = len(VERSION) + 1 + 4 * count
    found = []
    for length in struct.unpack_from(f"<{count}I", frame, len(VERSION) + 1):
        found.append(frame[start:start + length])
        start += length
    return found


class Worker:
    """One emulated worker of one lane, which asks for one lease ahead."""

    def __init__(self, context: zmq.Context, endpoint: str, number: int, digests: dict, unit_seconds: float):
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.unit_seconds = unit_seconds
        self.leases: list[dict] = []
        self.received = 0
        self.finishes = math.inf
        self.reports = math.inf
        self.gradient_count: int | None = None
        self.verdicts: Counter[str] = Counter()
        self.hello = {
            "worker": {"name": f"emulated-{number}", "incarnation": 1}, "modelDigest": digests["model"],
            "tokenizerDigest": digests["tokenizer"], "fingerprint": "emulated", "lanes": 1, "holding": []}
        self.send(b"HELLO", self.hello)

    def send(self, kind: bytes, header: dict, *payload: bytes) -> None:
        self.socket.send(frame(kind, json.dumps(header, sort_keys=True).encode(), *payload))

    def receive(self, now: float) -> bool:
        """Handles all messages that have arrived. Returns False once the coordinator has sent the worker home."""
        while True:
            try:
                kind, text, *_ = parts(self.socket.recv(zmq.NOBLOCK))
            except zmq.Again:
                return True
            header = json.loads(text)
            if kind == b"WELCOME":
                self.received = 0
                self.send(b"CREDIT", {"count": LEASES_AHEAD, "received": 0})
            elif kind == b"LEASE":
                self.received += 1
                self.leases.append(header)
                policy = header["work"]["policies"][0]
                if self.gradient_count is None and header["work"].get("gradient") is not None:
                    self.send(b"GET_BLOB", {"digest": policy})
                if len(self.leases) == 1:
                    self.start(now)
            elif kind == b"BLOB":
                self.gradient_count = sum(entry["count"] for entry in header["layout"])
            elif kind == b"CANCEL":
                self.drop(header["unit"], now)
            elif kind == b"ACK":
                self.verdicts[header["verdict"]] += 1
            elif kind == b"DRAIN":
                self.send(b"BYE", {"reason": "drained"})
                return False
            elif kind in (b"REJECT", b"ERROR"):
                raise SystemExit(f"the coordinator answered {kind.decode()}: {header}")

    def start(self, now: float) -> None:
        self.finishes = now + self.unit_seconds if self.leases else math.inf
        self.reports = now + PROGRESS_SECONDS if self.leases else math.inf

    def drop(self, unit: dict, now: float) -> None:
        was_first = bool(self.leases) and self.leases[0]["work"]["key"] == unit
        before = len(self.leases)
        self.leases = [lease for lease in self.leases if lease["work"]["key"] != unit]
        if was_first:
            self.start(now)
        if len(self.leases) < before:
            self.send(b"CREDIT", {"count": LEASES_AHEAD - len(self.leases), "received": self.received})

    def work(self, now: float) -> None:
        """Returns the first lease's result once its time has passed, and reports its progress before that."""
        if now < self.finishes:
            if now >= self.reports:
                lease = self.leases[0]
                elapsed = self.unit_seconds - (self.finishes - now)
                self.send(b"PROGRESS", {"unit": lease["work"]["key"], "attempt": lease["attempt"], "tokens": int(10 * elapsed) + 1})
                self.reports = now + PROGRESS_SECONDS
            return
        lease = self.leases[0]
        if lease["work"].get("gradient") is not None and self.gradient_count is None:
            return
        self.leases.pop(0)
        self.send_result(lease)
        self.start(now)
        self.send(b"CREDIT", {"count": LEASES_AHEAD - len(self.leases), "received": self.received})

    def send_result(self, lease: dict) -> None:
        work = lease["work"]
        completions = []
        for problem, sample, policy in work["sequences"]:
            completions.append({
                "problem": work["problems"][problem]["id"], "problemIndex": work["problemIndices"][problem], "sample": sample,
                "policy": policy, "promptCount": 1, "tokenCount": 1, "text": "", "finishReason": "stop",
                "outcome": "wrong", "advantage": 0})
        count = len(completions)
        tensors = [("prompts", "I32", struct.pack(f"<{count}i", *[1] * count)),
                   ("tokens", "I32", struct.pack(f"<{count}i", *[1] * count)),
                   ("log-probabilities", "F32", struct.pack(f"<{count}f", *[-1.0] * count))]
        if work.get("gradient") is not None:
            tensors.append(("gradient", "F32", bytes(4 * self.gradient_count)))
        payload = [values for _, _, values in tensors]
        self.send(b"RESULT", {
            "unit": work["key"], "attempt": lease["attempt"], "epoch": lease["epoch"], "completions": completions,
            "statistics": {"policyLoss": 0, "promptTokens": count, "completionTokens": count, "largestLogProbabilityDifference": 0,
                           "equalRewardGroups": 0, "missing": {}, "samplingSeconds": self.unit_seconds, "rewardSeconds": 0,
                           "gradientSeconds": 0},
            "payload": [{"name": name, "element": element, "shape": [len(values) // 4]} for name, element, values in tensors],
            "payloadDigest": hashlib.sha256(b"".join(payload)).hexdigest()}, *payload)


def processor_seconds(process: int) -> float:
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(workers: list[Worker], coordinator: subprocess.Popen) -> float:
    """Runs the workers until the coordinator ends. Returns the processor time that it had used shortly before."""
    poller = zmq.Poller()
    for worker in workers:
        poller.register(worker.socket, zmq.POLLIN)
    owners = {worker.socket: worker for worker in workers}
    next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
    used = 0.0
    while coordinator.poll() is None:
        now = time.monotonic()
        due = min([next_heartbeat, *(min(worker.finishes, worker.reports) for worker in owners.values())])
        for socket, _ in poller.poll(max(0, math.ceil(1000 * (due - now)))):
            if not owners[socket].receive(time.monotonic()):
                poller.unregister(socket)
                del owners[socket]
        now = time.monotonic()
        for worker in owners.values():
            if min(worker.finishes, worker.reports) <= now:
                worker.work(now)
        if now >= next_heartbeat:
            for worker in owners.values():
                worker.send(b"HEARTBEAT", {})
            next_heartbeat = now + HEARTBEAT_SECONDS
            used = processor_seconds(coordinator.pid)
    return used


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--config", type=pathlib.Path, required=True)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--unit-seconds", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=6)
    arguments = parser.parse_args()
    model = arguments.config.with_name("base")
    facts = json.loads(subprocess.check_output([arguments.programs / "t2", "inspect", "--model", model, "--json"]))
    digests = {"model": facts["digest"], "tokenizer": facts["tokenizer_digest"]}
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        coordinator = subprocess.Popen(
            [arguments.programs / "t2-coord", "start", "--config", arguments.config, "--run-dir", run,
             "--bind", "tcp://127.0.0.1:0", "--steps", str(arguments.steps), "--set", f"evaluate-every={arguments.steps}",
             "--set", "validation-problems=1", "--set", f"prompts-per-step={arguments.units}", "--set", "prompts-per-unit=1",
             "--set", "advantage=running-mean"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        endpoint = next(found[0] for line in coordinator.stdout if (found := re.findall(r"listening on (\S+);", line)))
        context = zmq.Context()
        context.setsockopt(zmq.MAX_SOCKETS, arguments.workers + 16)
        start = time.monotonic()
        workers = [Worker(context, endpoint, number, digests, arguments.unit_seconds) for number in range(arguments.workers)]
        used = serve(workers, coordinator)
        elapsed = time.monotonic() - start
        if coordinator.returncode != 0:
            raise SystemExit(f"t2-coord ended with status {coordinator.returncode}")
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        seconds = [line["seconds"] for line in lines if line["kind"] == "step"]
        verdicts = sum((worker.verdicts for worker in workers), Counter())
        ideal = arguments.unit_seconds * math.ceil(arguments.units / arguments.workers)
        print(f"{arguments.workers} workers, {arguments.units} units of {arguments.unit_seconds} s: a step takes "
              f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), ideal {ideal:.2f} s; "
              f"{arguments.steps} steps in {elapsed:.1f} s, of which the coordinator computed {used:.1f} s; "
              + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
        context.destroy(linger=0)


if __name__ == "__main__":
    main()
