"""A switch in user space that loses, delays, doubles, reorders and withholds frames. It needs no kernel module (tc's netem is
one), and its choices follow from a seed. Run by network.py in a network namespace of its own:

    hub.py switch CONTROL SEED PORT PORT …    forwards between interfaces as the file CONTROL says, which may change at any time
    hub.py plain INTERFACE                    lets an interface send whole frames with checksums, as a wire needs them

CONTROL is JSON: loss, duplicate (probabilities), delay, jitter (seconds), away (ports that are cut off), reset (a number: when it
changes, one connection of each port is reset)."""
from __future__ import annotations

import array
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import socket
import struct
import sys
import time
from typing import Optional

ALL_PROTOCOLS = 3
SENT_BY_US = 4  # PACKET_OUTGOING
SET_DRIVER_OPTION = 0x8946  # SIOCETHTOOL
OFFLOADS = (0x17, 0x1F, 0x24)  # checksums, TCP segmentation, generic segmentation
RESET, ACKNOWLEDGE = 0x04, 0x10


def make_plain(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for option in OFFLOADS:
            value = array.array("B", struct.pack("II", option, 0))
            request = struct.pack("16sP16x", interface.encode(), value.buffer_info()[0])
            fcntl.ioctl(control.fileno(), SET_DRIVER_OPTION, request)


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reset_of(frame: bytes) -> Optional[bytes]:
    """The frame as a reset of its TCP connection; None if it belongs to none."""
    if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
        return None
    header = 4 * (frame[14] & 0xF)
    ip, tcp = bytearray(frame[14:14 + header]), bytearray(frame[14 + header:14 + header + 20])
    if not tcp[13] & ACKNOWLEDGE:
        return None
    tcp[12:14] = bytes([5 << 4, RESET | ACKNOWLEDGE])
    tcp[16:18] = b"\0\0"
    tcp[16:18] = struct.pack("!H", checksum(bytes(ip[12:20]) + struct.pack("!HH", socket.IPPROTO_TCP, 20) + bytes(tcp)))
    ip[2:4] = struct.pack("!H", header + 20)
    ip[10:12] = b"\0\0"
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    return frame[:14] + bytes(ip) + bytes(tcp)


class Switch:
    def __init__(self, control: str, seed: str, ports: list[str]) -> None:
        self.control, self.random = control, random.Random(seed)
        self.sockets = []
        for port in ports:
            opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
            opened.bind((port, ALL_PROTOCOLS))
            opened.setblocking(False)
            self.sockets.append(opened)
        self.places: dict[bytes, int] = {}
        self.waiting: list[tuple[float, int, int, bytes]] = []
        self.numbers = itertools.count()
        self.settings: dict = {}
        self.read, self.resets = 0.0, 0
        self.to_reset: set[int] = set()

    def _read_settings(self) -> None:
        changed = os.stat(self.control).st_mtime
        if changed == self.read:
            return
        self.read = changed
        with open(self.control, encoding="utf-8") as file:
            self.settings = json.load(file)
        if self.settings.get("reset", 0) != self.resets:
            self.resets = self.settings["reset"]
            self.to_reset = set(range(1, len(self.sockets)))

    def _pass(self, frame: bytes, origin: int, target: int, now: float) -> None:
        settings, random_ = self.settings, self.random
        away = settings.get("away", [])
        if origin in away or target in away or random_.random() < settings.get("loss", 0):
            return
        if origin in self.to_reset and (reset := reset_of(frame)):
            self.to_reset.discard(origin)
            frame = reset
        for _ in range(2 if random_.random() < settings.get("duplicate", 0) else 1):
            due = now + settings.get("delay", 0) + random_.random() * settings.get("jitter", 0)
            heapq.heappush(self.waiting, (due, next(self.numbers), target, frame))

    def run(self) -> None:
        poll = select.poll()
        numbers = {opened.fileno(): number for number, opened in enumerate(self.sockets)}
        for file in numbers:
            poll.register(file, select.POLLIN)
        while True:
            pause = self.waiting[0][0] - time.monotonic() if self.waiting else 0.1
            ready = poll.poll(max(0.0, min(0.1, pause)) * 1000)
            self._read_settings()
            now = time.monotonic()
            for file, _ in ready:
                self._receive(numbers[file], now)
            while self.waiting and self.waiting[0][0] <= now:
                _, _, target, frame = heapq.heappop(self.waiting)
                try:
                    self.sockets[target].send(frame)
                except OSError:
                    pass  # as a full wire loses it

    def _receive(self, origin: int, now: float) -> None:
        for _ in range(64):
            try:
                frame, address = self.sockets[origin].recvfrom(65536)
            except OSError:
                return
            if address[2] == SENT_BY_US:
                continue
            self.places[frame[6:12]] = origin
            place = self.places.get(frame[:6])
            for target in range(len(self.sockets)) if place is None else [place]:
                if target != origin:
                    self._pass(frame, origin, target, now)


if __name__ == "__main__":
    if sys.argv[1] == "plain":
        make_plain(sys.argv[2])
    else:
        Switch(sys.argv[2], sys.argv[3], sys.argv[4:]).run()
