"""The inner half of ProgramSandbox: runs programs one after another, each in namespaces of its own.

Bubblewrap starts it as process 1 of a sandbox that shows the interpreter and nothing else, with CAP_SYS_ADMIN over that
sandbox alone. Imports are paid once; a program costs two forks:

    runner   reads requests, keeps the time, kills and reaps everything after each program
      keeper   enters new process, mount and IPC namespaces, mounts a fresh /tmp, waits for the program
        program  process 1 in there, without capabilities, under resource limits: the model's code, then the tests

Invariants: between two programs no process but the runner lives and no writable file exists. A verdict `passed` needs the
program's exit status 0 and the nonce, which the program's process can read only once, after its last test. The program
and its tests share one interpreter, so code that searches its own process for the verdict's pipe could forge one; the
nonce, the restored builtins and the private `__main__` stop everything short of that.

Requests and replies are JSON after a little-endian 4-byte length, both ways on standard input, which is a socket.
"""

import builtins
import ctypes
import gc
import json
import os
import random
import resource
import select
import signal
import struct
import sys
import time
import types

# What programs usually import: paid once here, shared by every fork.
import bisect, collections, copy, datetime, decimal, fractions, functools, heapq, itertools, math  # noqa: E401, F401
import operator, re, statistics, string, typing  # noqa: E401, F401

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
CLONE_ANY_NAMESPACE = 0x7E020000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x4000, 0x40000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
NONCE_BYTES = 16
REPORT_LIMIT = 4096
# A program that the kernel kills for its processor time has used more than this. The limit is at least a second, also for
# a program that lowers its own, but is counted in whole ticks: on a busy machine a second by ticks was seen to be 0.63 s.
LEAST_PROCESSOR_SECONDS = 0.3

# Statuses with which a keeper ends.
ENDED_WELL, ENDED_BADLY, NOT_RUN, PROCESSOR_TIME, KILLED = 0, 1, 2, 3, 64

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]


def demand(result, action):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{action}: {os.strerror(code)}")


class SystemCallFilter:
    """A seccomp filter without the calls that could escape the limits: namespaces, mounts, anonymous files, tracing."""

    DENIED = {
        # ptrace, mount, umount2, pivot_root, unshare, setns, add_key, request_key, keyctl, bpf, userfaultfd,
        # perf_event_open, io_uring_setup, process_vm_readv, process_vm_writev, memfd_create, memfd_secret, shmget,
        # open_tree, move_mount, fsopen, mount_setattr
        "x86_64": (0xC000003E, 56, (101, 165, 166, 155, 272, 308, 248, 249, 250, 321, 323, 298, 425, 310, 311, 319, 447,
                                    29, 428, 429, 430, 442)),
        "aarch64": (0xC00000B7, 220, (117, 40, 39, 41, 97, 268, 217, 218, 219, 280, 282, 241, 425, 270, 271, 279, 447,
                                      194, 428, 429, 430, 442)),
    }
    CLONE3 = 435
    X32_CALLS = 0x40000000
    ALLOW, KILL, DENY, ABSENT = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026

    def __init__(self, machine):
        if machine not in self.DENIED:
            sys.exit(f"no system call filter is known for {machine}, only for {' and '.join(self.DENIED)}")
        architecture, clone, denied = self.DENIED[machine]
        load, equal, at_least, any_bit, finish = 0x20, 0x15, 0x35, 0x45, 0x06

        def refuse_if(test, value, answer):
            return [(test, 0, 1, value), (finish, 0, 0, answer)]

        code = [(load, 0, 0, 4), (equal, 1, 0, architecture), (finish, 0, 0, self.KILL), (load, 0, 0, 0)]
        code += refuse_if(at_least, self.X32_CALLS, self.DENY)
        # libc falls back to clone, whose flags can be looked at.
        code += refuse_if(equal, self.CLONE3, self.ABSENT)
        for number in denied:
            code += refuse_if(equal, number, self.DENY)
        code += [(equal, 0, 3, clone), (load, 0, 0, 16)] + refuse_if(any_bit, CLONE_ANY_NAMESPACE, self.DENY)
        code += [(finish, 0, 0, self.ALLOW)]
        self.code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
        self.header = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(self.code)))

    def install(self):
        demand(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs")
        header = ctypes.addressof(self.header)
        demand(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0), "install the system call filter")


def drop_capabilities():
    version_3 = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0))
    demand(libc.capset(version_3, ctypes.create_string_buffer(24)), "drop capabilities")


def describe(error):
    """The exception in one line; its text may be the program's own code, so anything may happen."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException:
        return "an exception that cannot be shown"


class Runner:
    def __init__(self, channel, limits):
        self.channel = channel
        self.limits = limits
        self.null = os.open("/dev/null", os.O_RDWR)
        self.filter = SystemCallFilter(os.uname().machine)

    # Requests and replies.

    def read_exactly(self, count):
        pieces = bytearray()
        while len(pieces) < count:
            piece = os.read(self.channel, min(count - len(pieces), 1 << 16))
            if not piece:
                # The owner is gone; as process 1 this takes the whole sandbox along.
                os._exit(0)
            pieces += piece
        return bytes(pieces)

    def serve(self):
        while True:
            (length,) = struct.unpack("<I", self.read_exactly(4))
            request = json.loads(self.read_exactly(length))
            result, reason = self.judge(request["program"], request["tests"])
            reply = json.dumps({"result": result, "reason": reason}).encode()
            remaining = memoryview(struct.pack("<I", len(reply)) + reply)
            while remaining:
                remaining = remaining[os.write(self.channel, remaining):]

    # One program, seen from outside it.

    def judge(self, program, tests):
        nonce = os.urandom(NONCE_BYTES)
        report, report_end = os.pipe()
        secret, secret_end = os.pipe()
        os.write(secret_end, nonce)
        os.close(secret_end)
        keeper = os.fork()
        if keeper == 0:
            try:
                os.close(report)
                self.keep(program, tests, report_end, secret)
            except BaseException as error:
                os.write(report_end, describe(error).encode()[:1000])
                os._exit(NOT_RUN)
        os.close(report_end)
        os.close(secret)
        text, in_time = self.collect(report)
        os.close(report)
        status = self.end_everything(keeper)
        if not in_time:
            return "failed", f"ran longer than {self.limits['wallSeconds']:g} s"
        return self.verdict(text, nonce, status)

    def collect(self, report):
        """What the program and its keeper wrote until both had ended, and whether they ended in time."""
        deadline = time.monotonic() + self.limits["wallSeconds"]
        poll = select.poll()
        poll.register(report, select.POLLIN)
        # Also notices when the owner dies while a program runs.
        poll.register(self.channel, 0)
        text = bytearray()
        while len(text) <= REPORT_LIMIT:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return bytes(text), False
            for descriptor, _ in poll.poll(remaining * 1000 + 1):
                if descriptor == self.channel:
                    os._exit(0)
                piece = os.read(report, REPORT_LIMIT)
                if not piece:
                    return bytes(text), True
                text += piece
        return bytes(text), True

    def end_everything(self, keeper):
        """Kills every process but this one; returns the keeper's wait status."""
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        status = None
        while True:
            try:
                process, ended = os.waitpid(-1, 0)
            except ChildProcessError:
                return status
            if process == keeper:
                status = ended

    def verdict(self, text, nonce, status):
        if os.WIFSIGNALED(status):
            # It ends by itself once the program has; only the flood of a report gets it killed here.
            if len(text) > REPORT_LIMIT:
                return "failed", "wrote into the pipe of the verdict"
            return "not-run", f"the sandbox's own process was killed by signal {os.WTERMSIG(status)}"
        code = os.WEXITSTATUS(status)
        if code == ENDED_WELL and text == nonce:
            return "passed", ""
        reason = text.decode(errors="replace")
        if code == NOT_RUN:
            return "not-run", reason
        if code == PROCESSOR_TIME:
            return "failed", f"used more than {self.limits['processorSeconds']} s of processor time"
        if code == KILLED + signal.SIGKILL:
            # Nothing inside can do this to process 1 of a namespace: the system's memory ran out, or a person did it.
            return "not-run", "the program was killed from outside the sandbox"
        if code > KILLED:
            return "failed", f"killed by signal {code - KILLED}"
        if code == ENDED_BADLY and text.startswith(nonce):
            return "not-run", text[NONCE_BYTES:].decode(errors="replace")
        if code == ENDED_BADLY and text:
            return "failed", reason
        return "failed", "ended before its tests did"

    # One program, seen from its keeper.

    def keep(self, program, tests, report, secret):
        os.close(self.channel)
        compiled = [compile(test, f"<test {number}>", "exec", dont_inherit=True) for number, test in enumerate(tests, 1)]
        demand(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID), "unshare namespaces")
        demand(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
        options = f"size={self.limits['temporaryBytes']},nr_inodes=4096,mode=0700".encode()
        demand(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options), "mount /tmp")
        process = os.fork()
        if process == 0:
            try:
                self.confine()
            except BaseException as error:
                # The nonce tells this apart from anything that a program may write.
                os.write(report, os.read(secret, NONCE_BYTES) + describe(error).encode()[:1000])
                os._exit(1)
            run(program, compiled, report, secret)
        os.close(secret)
        _, status, usage = os.wait4(process, 0)
        os._exit(self.keeper_status(status, usage.ru_utime + usage.ru_stime))

    def keeper_status(self, status, processor_seconds):
        if os.WIFSIGNALED(status):
            if os.WTERMSIG(status) == signal.SIGKILL and processor_seconds > LEAST_PROCESSOR_SECONDS:
                return PROCESSOR_TIME
            return KILLED + os.WTERMSIG(status)
        return ENDED_WELL if os.WEXITSTATUS(status) == 0 else ENDED_BADLY

    # One program, from inside.

    def confine(self):
        for descriptor in (0, 1, 2):
            os.dup2(self.null, descriptor)
        os.close(self.null)
        os.chdir("/tmp")
        drop_capabilities()
        # The runner and the keeper are counted too.
        limits = {
            resource.RLIMIT_CPU: self.limits["processorSeconds"],
            resource.RLIMIT_AS: self.limits["memoryBytes"],
            resource.RLIMIT_NPROC: self.limits["processes"] + 2,
            resource.RLIMIT_FSIZE: self.limits["fileBytes"],
            resource.RLIMIT_NOFILE: 64,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))
        self.filter.install()


def run(program, tests, report, secret):
    """Runs the program, then its tests, in a `__main__` of their own; writes the verdict and ends the process."""
    # Bound before the program runs, so that nothing it rebinds changes how it is judged.
    read, write, leave, execute = os.read, os.write, os._exit, exec
    ignore_trace, ignore_profile = sys.settrace, sys.setprofile
    builtin_names, pristine = vars(builtins), dict(vars(builtins))
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    random.seed(0)
    place = "the program"
    try:
        execute(compile(program, "<program>", "exec", dont_inherit=True), vars(main))
        ignore_trace(None)
        ignore_profile(None)
        builtin_names.clear()
        builtin_names.update(pristine)
        for number, test in enumerate(tests, 1):
            place = f"test {number}"
            execute(test, vars(main))
    except BaseException as error:
        try:
            write(report, f"{place}: {describe(error)}".encode(errors="replace")[:400])
        finally:
            leave(1)
    write(report, read(secret, NONCE_BYTES))
    leave(0)


def start():
    # Whatever the owner left open is not for programs.
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    channel = os.dup(0)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    # The program's own folder is /tmp; nothing is imported from the current one.
    sys.path[:] = [entry for entry in sys.path if entry]
    gc.freeze()
    Runner(channel, json.loads(sys.argv[1])).serve()


start()
