"""The parts in C, compiled once per run of the suite."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .suite import Skipped, Suite


def compiled(suite: Suite, source: str, output: str, *flags: str) -> Path:
    """Compiles a source file beside this one.

    Raises Skipped if there is no compiler, or if what the source needs is not installed."""
    key = ("compiled", source)
    if key not in suite.kept:
        compiler = shutil.which("cc")
        if not compiler:
            raise Skipped("it needs a C compiler, cc (apt-get install gcc)")
        folder = suite.folder / "native"
        folder.mkdir(exist_ok=True)
        path = folder / output
        command = [compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", str(Path(__file__).with_name(source)),
                   "-o", str(path), *flags]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if found.returncode:
            raise Skipped(f"{source} cannot be compiled: {found.stderr.strip()[:500]}")
        suite.kept[key] = path
    return suite.kept[key]


def interposer(suite: Suite) -> Path:
    """The library that strikes durable calls and moves clocks."""
    return compiled(suite, "interpose.c", "interpose.so", "-shared", "-fPIC", "-ldl")
