"""Messages of T2/4 over ZMTP 3.0 without encryption: a peer that says what it likes, and a recording of what a real worker says."""
from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time


from .programs import Problem
from .suite import Case, Suite
from .training import Shape, Training

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
LONG, COMMAND = 2, 4
Parts = list[bytes]


def zmtp(body: bytes, flags: int = 0) -> bytes:
    """A frame of ZMTP."""
    if len(body) > 255:
        return struct.pack("!BQ", flags | LONG, len(body)) + body
    return struct.pack("!BB", flags, len(body)) + body


def message(parts: Parts) -> bytes:
    """A message of T2/4: the version, the number of parts, their lengths, the parts."""
    return b"T2/4" + bytes([len(parts)]) + b"".join(struct.pack("<I", len(part)) for part in parts) + b"".join(parts)


def parts_of(frame: bytes) -> Parts:
    lengths = struct.unpack(f"<{frame[4]}I", frame[5:5 + 4 * frame[4]])
    parts, place = [], 5 + 4 * frame[4]
    for length in lengths:
        parts.append(frame[place:place + length])
        place += length
    return parts


class Stream:
    """Cuts the bytes of one direction of a connection into frames."""

    def __init__(self) -> None:
        self.rest = b""
        self.is_greeted = False

    def frames(self, data: bytes) -> list[tuple[int, bytes]]:
        self.rest += data
        if not self.is_greeted:
            if len(self.rest) < len(GREETING):
                return []
            self.rest, self.is_greeted = self.rest[len(GREETING):], True
        found = []
        while len(self.rest) >= 2:
            flags = self.rest[0]
            start = 9 if flags & LONG else 2
            if len(self.rest) < start:
                break
            size = struct.unpack("!Q", self.rest[1:9])[0] if flags & LONG else self.rest[1]
            if len(self.rest) < start + size:
                break
            found.append((flags, self.rest[start:start + size]))
            self.rest = self.rest[start + size:]
        return found


class Peer:
    """A connection to a coordinator on this machine."""

    def __init__(self, endpoint: str) -> None:
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.sendall(GREETING)
        self.stream = Stream()
        self.heard: list[Parts] = []
        ready = b"\x05READY" + b"\x0bSocket-Type" + struct.pack("!I", 6) + b"DEALER"
        self.socket.sendall(zmtp(ready, COMMAND))
        # Before the handshake is over, a message breaks the protocol.
        self.is_ready = False
        while not self.is_ready:
            self._read()

    def send(self, kind: str, header: dict, *payload: bytes) -> None:
        text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
        self.send_frame(message([kind.encode(), text, *payload]))

    def send_frame(self, body: bytes) -> None:
        self.socket.sendall(zmtp(body))

    def receive(self, *kinds: str, seconds: float = 30) -> tuple[str, dict]:
        """The kind and the header of the next message of one of these kinds; the others are passed over, heartbeats answered."""
        deadline = time.monotonic() + seconds
        while True:
            while self.heard:
                parts = self.heard.pop(0)
                kind = parts[0].decode()
                if kind in kinds:
                    return kind, json.loads(parts[1])
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise Problem(f"the coordinator did not answer with {' or '.join(kinds)} within {seconds:.0f} s")
            self._read()

    def _read(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise Problem("the coordinator closed the connection")
        for flags, body in self.stream.frames(data):
            if not flags & COMMAND:
                self.heard.append(parts_of(body))
            elif body.startswith(b"\x05READY"):
                self.is_ready = True
            elif body.startswith(b"\x04PING"):
                self.socket.sendall(zmtp(b"\x04PONG" + body[7:], COMMAND))

    def close(self) -> None:
        self.socket.close()

    def break_off(self) -> None:
        """Ends the connection as a crash of the other machine's would: with an error rather than an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Recorder:
    """Passes a connection on and keeps what the worker says."""

    def __init__(self, endpoint: str) -> None:
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.frames: list[bytes] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        worker, _ = self.listener.accept()
        coordinator = socket.create_connection(self.target)
        stream = Stream()
        while True:
            for source in select.select([worker, coordinator], [], [])[0]:
                try:
                    data = source.recv(1 << 16)
                    (coordinator if source is worker else worker).sendall(data)
                except OSError:
                    data = b""
                if not data:
                    worker.close()
                    coordinator.close()
                    return
                if source is worker:
                    self.frames += [body for flags, body in stream.frames(data) if not flags & COMMAND]


def recorded(suite: Suite, shape: Shape) -> list[bytes]:
    """The messages that a real worker named eve sent in an undisturbed run."""
    key = ("recorded", shape)
    if key not in suite.kept:
        from .suite import Scenario
        with Case(suite, Scenario("recording", "", lambda case: None, "cases", 1, 1), 0) as case:
            training = Training(case, shape)
            coordinator = training.start()
            coordinator.line("listening on ")
            recorder = Recorder(training.endpoint)
            training.endpoint = recorder.endpoint
            worker = training.worker("eve")
            training.finish(coordinator)
            training.close_workers([worker])
            suite.kept[key] = recorder.frames
    return suite.kept[key]


def header(frames: list[bytes], kind: str) -> dict:
    """The header of the first recorded message of a kind."""
    return json.loads(next(parts[1] for parts in map(parts_of, frames) if parts[0] == kind.encode()))


def results(frames: list[bytes]) -> dict[tuple, Parts]:
    """The recorded results by step, phase and index of their units."""
    found: dict[tuple, Parts] = {}
    for parts in map(parts_of, frames):
        if parts[0] == b"RESULT":
            unit = json.loads(parts[1])["unit"]
            found[unit_name(unit)] = parts
    return found


def unit_name(unit: dict) -> tuple:
    return unit["step"], unit["phase"], unit["index"]


