"""Child processes whose output is kept and whose end is awaited with a deadline."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

POLL = 0.01  # seconds between two looks at a process or its output


class Problem(Exception):
    """An expectation that did not hold."""


class Program:
    """A child process that appends its output to a file. What is read of the file is what this process wrote."""

    def __init__(
        self, arguments: Sequence[str], log: Path, environment: Optional[Mapping[str, str]] = None,
        prepare: Optional[Callable[[], None]] = None,
    ) -> None:
        self.log = log
        self.arguments = list(arguments)
        self.started = time.monotonic()
        with open(log, "ab") as output:
            self.offset = output.tell()
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=prepare,
                env={**os.environ, **(environment or {})}, start_new_session=True)
        self._reader = open(log, "rb")
        self._reader.seek(self.offset)
        self._text = b""

    @property
    def name(self) -> str:
        return Path(self.arguments[0]).name

    @property
    def status(self) -> Optional[int]:
        """The exit status, or minus the signal that ended it; None while it runs."""
        return self.process.poll()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def text(self) -> str:
        self._text += self._reader.read()
        return self._text.decode(errors="replace")

    def signal(self, number: int) -> bool:
        """Sends a signal; false if the process had ended before."""
        if not self.is_running:
            return False
        self.process.send_signal(number)
        return True

    def kill(self) -> bool:
        """Kills the process at once; false if it had ended by itself."""
        self.signal(signal.SIGKILL)
        return self.process.wait() == -signal.SIGKILL

    def line(self, part: str, seconds: float = 120) -> str:
        """The first line that contains a text, once it is there."""
        deadline = time.monotonic() + seconds
        while True:
            is_running = self.is_running
            for line in self.text.splitlines():
                if part in line:
                    return line
            if not is_running or time.monotonic() > deadline:
                reason = f"{seconds:.0f} s passed" if is_running else f"it ended with status {self.status}"
                raise Problem(f"{self.name} did not say '{part}': {reason}. It said:\n{tail(self.text)}")
            time.sleep(POLL)

    def wait(self, seconds: float) -> int:
        """The exit status, as `status` gives it."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Problem(f"{self.name} still runs after {seconds:.0f} s. It said:\n{tail(self.text)}") from None

    def resident_bytes(self) -> int:
        """The memory that it has in use; 0 once it has ended."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGESIZE")

    def close(self) -> None:
        if self.is_running:
            self.process.kill()
            self.process.wait()
        self._reader.close()


def tail(text: str, lines: int = 12) -> str:
    return "\n".join("    " + line[:400] for line in text.splitlines()[-lines:])


def until(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Problem(f"waited {seconds:.0f} s for {what}")
        time.sleep(POLL)
