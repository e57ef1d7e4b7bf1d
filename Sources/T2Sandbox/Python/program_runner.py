"""The inner half of ProgramSandbox, which runs programs one after another, each in its own namespaces.

Bubblewrap starts it as process 1 of a sandbox that shows only the interpreter, with CAP_SYS_ADMIN in that sandbox only.
Imports are loaded once; each program takes two forks:

    runner   enforces the time limit, kills and reaps everything after each program, replies
      judge    enters new process, mount and IPC namespaces, mounts a fresh /tmp, runs the tests
        program  process 1 in them, without capabilities, under resource limits: the model's code, called by the judge

Invariants: between two programs the runner is the only process, and there is no writable file. A verdict comes through
a pipe and the exit status of the judge, which a program cannot reach: it is in other namespaces and shares with the
judge only a socket that carries data (`program_exchange.py`). No process from which a program is forked ever holds the
tests: first the program reads its source from the request, and then the judge reads the tests.

A request is the source, then the tests as a JSON array; the reply is a JSON object. Each follows its little-endian
4-byte length, on standard input, which is a socket.
"""

import ctypes
import gc
import random
import resource
import select
import shutil
import signal
import socket
import tempfile
import time

# Modules that programs usually import, loaded once and shared by every fork.
import bisect, dataclasses, enum, heapq, inspect, itertools, math, re, statistics, string, typing  # noqa: E401, F401

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
CLONE_ANY_NAMESPACE = 0x7E020000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x4000, 0x40000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
REPORT_LIMIT = 4096
# A program that the kernel kills for its processor time has used more than this. The limit is at least one second, and
# a program cannot lower it, but the kernel counts whole ticks: on a busy machine, 0.63 s were counted as one second.
LEAST_PROCESSOR_SECONDS = 0.3

# The exit statuses of a judge.
PASSED, FAILED, NOT_RUN = range(3)
# The first byte of a report: the judge has read the whole request, so that the next one can be read.
IN_STEP = b"\x06"

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]


def demand(result, action):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{action}: {os.strerror(code)}")


class SystemCallFilter:
    """A seccomp filter without the calls that could escape the limits: namespaces, mounts, anonymous files, tracing,
    and sockets that bypass network namespaces or use parts of the kernel that programs do not need."""

    DENIED = {
        # ptrace, mount, umount2, pivot_root, unshare, setns, add_key, request_key, keyctl, bpf, userfaultfd,
        # perf_event_open, io_uring_setup, process_vm_readv, process_vm_writev, memfd_create, memfd_secret, shmget,
        # open_tree, move_mount, fsopen, mount_setattr, setrlimit
        "x86_64": (0xC000003E, 56, 41, (101, 165, 166, 155, 272, 308, 248, 249, 250, 321, 323, 298, 425, 310, 311, 319,
                                        447, 29, 428, 429, 430, 442, 160)),
        "aarch64": (0xC00000B7, 220, 198, (117, 40, 39, 41, 97, 268, 217, 218, 219, 280, 282, 241, 425, 270, 271, 279,
                                           447, 194, 428, 429, 430, 442, 164)),
    }
    CLONE3 = 435
    # The third argument is the new limit, or null if the call only reads. A program that lowered its own processor time
    # to nothing would be killed as if from outside the sandbox.
    PRLIMIT = {"x86_64": 302, "aarch64": 261}
    X32_CALLS = 0x40000000
    ALLOW, KILL, DENY, ABSENT, NO_FAMILY = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026, 0x00050061
    FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)

    def __init__(self, machine):
        if machine not in self.DENIED:
            sys.exit(f"no system call filter is known for {machine}, only for {' and '.join(self.DENIED)}")
        architecture, clone, socket_call, denied = self.DENIED[machine]
        load, equal, at_least, any_bit, finish = 0x20, 0x15, 0x35, 0x45, 0x06

        def refuse_if(test, value, answer):
            return [(test, 0, 1, value), (finish, 0, 0, answer)]

        code = [(load, 0, 0, 4), (equal, 1, 0, architecture), (finish, 0, 0, self.KILL), (load, 0, 0, 0)]
        code += refuse_if(at_least, self.X32_CALLS, self.DENY)
        # libc then uses clone, whose flags the filter can check.
        code += refuse_if(equal, self.CLONE3, self.ABSENT)
        for number in denied:
            code += refuse_if(equal, number, self.DENY)
        code += [(equal, 0, 4, clone), (load, 0, 0, 16)] + refuse_if(any_bit, CLONE_ANY_NAMESPACE, self.DENY)
        code += [(finish, 0, 0, self.ALLOW)]
        prlimit = self.PRLIMIT[machine]
        code += [(equal, 0, 6, prlimit), (load, 0, 0, 32), (equal, 0, 2, 0), (load, 0, 0, 36), (equal, 1, 0, 0)]
        code += [(finish, 0, 0, self.DENY), (load, 0, 0, 0)]
        # The address family is the first argument.
        code += [(equal, 0, len(self.FAMILIES) + 2, socket_call), (load, 0, 0, 16)]
        code += [(equal, len(self.FAMILIES) - index, 0, family) for index, family in enumerate(self.FAMILIES)]
        code += [(finish, 0, 0, self.NO_FAMILY), (finish, 0, 0, self.ALLOW)]
        self.code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
        self.header = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(self.code)))

    def install(self):
        demand(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs")
        header = ctypes.addressof(self.header)
        demand(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0), "install the system call filter")


def drop_capabilities():
    version_3 = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0))
    demand(libc.capset(version_3, ctypes.create_string_buffer(24)), "drop capabilities")


class Namespaces:
    """The isolation of programs from each other inside bubblewrap."""

    def __init__(self):
        self.filter = SystemCallFilter(os.uname().machine)

    def open(self):
        return "/tmp"

    def enter(self, folder, limits):
        demand(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID), "unshare namespaces")
        demand(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
        options = f"size={limits['temporaryBytes']},nr_inodes=4096,mode=0700".encode()
        demand(libc.mount(b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options), f"mount {folder}")

    def confine(self):
        drop_capabilities()
        self.filter.install()

    def process_limit(self, limits):
        # The runner and the judge count too.
        return limits["processes"] + 2

    def kill_all(self):
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self, folder):
        pass


class ProcessTree:
    """What is possible without bubblewrap: a separate folder, and the end of all processes below the runner."""

    def __init__(self):
        # Processes that a program detached become children of the runner, so that they are found.
        demand(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "become the reaper of orphans")

    def open(self):
        return tempfile.mkdtemp(prefix="t2-program-")

    def enter(self, folder, limits):
        os.setsid()
        self.end_with_parent()

    def end_with_parent(self):
        demand(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "end with the parent")

    def confine(self):
        self.end_with_parent()

    def process_limit(self, limits):
        # The kernel counts all processes of the user, including unrelated ones.
        return None

    def kill_all(self):
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:
                for child in children.read().split():
                    self.kill_group(int(child))
        except FileNotFoundError:
            # The kernel does not provide that list.
            pass

    def kill_group(self, process):
        for end in (os.killpg, os.kill):
            try:
                end(process, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def close(self, folder):
        shutil.rmtree(folder, ignore_errors=True)


class Runner:
    def __init__(self, channel, limits, isolation):
        self.channel = channel
        self.limits = limits
        self.isolation = isolation
        self.null = os.open("/dev/null", os.O_RDWR)

    def serve(self):
        requests = socket.socket(fileno=self.channel)
        while True:
            if not requests.recv(1, socket.MSG_PEEK):
                # The owner has ended. This is process 1, so the whole sandbox ends with it.
                os._exit(0)
            result, reason = self.run()
            write_frame(self.channel, json.dumps({"result": result, "reason": reason}).encode())

    # Around one program.

    def run(self):
        folder = self.isolation.open()
        report, report_end = os.pipe()
        judge = os.fork()
        if judge == 0:
            try:
                os.close(report)
                status, reason = Judge(self, folder, report_end).run()
            except BaseException as error:
                status, reason = NOT_RUN, describe(error)
            os.write(report_end, reason.encode(errors="replace")[:REPORT_LIMIT])
            os._exit(status)
        os.close(report_end)
        text, in_time = self.collect(report)
        os.close(report)
        status, usage = self.end_everything(judge)
        self.isolation.close(folder)
        # If the judge was killed before its report, it is unknown how much of the request was read.
        if not text.startswith(IN_STEP):
            sys.exit(text.decode(errors="replace") or "the judge of a program was killed before it had read its tests")
        if not in_time:
            return "failed", f"ran longer than {self.limits['wallSeconds']:g} s"
        if os.WIFSIGNALED(status):
            return self.after_signal(os.WTERMSIG(status), usage, "the tests were")
        verdict = {PASSED: "passed", FAILED: "failed", NOT_RUN: "not-run"}[os.WEXITSTATUS(status)]
        return verdict, text[len(IN_STEP):].decode(errors="replace")

    def collect(self, report):
        """The judge's report, and whether the judge ended in time."""
        deadline = time.monotonic() + self.limits["wallSeconds"]
        poll = select.poll()
        poll.register(report, select.POLLIN)
        # This also notices the end of the owner while a program runs.
        poll.register(self.channel, 0)
        text = b""
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return text, False
            for descriptor, _ in poll.poll(remaining * 1000 + 1):
                if descriptor == self.channel:
                    self.isolation.kill_all()
                    os._exit(0)
                piece = os.read(report, REPORT_LIMIT)
                if not piece:
                    return text, True
                text += piece

    def end_everything(self, judge):
        """Kills every process but this one; returns the judge's wait status and resource usage."""
        result = None
        while True:
            self.isolation.kill_all()
            try:
                process, status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                return result
            if process == judge:
                result = status, usage

    def after_signal(self, number, usage, subject):
        if number != signal.SIGKILL:
            return "failed", f"{subject} killed by signal {number}"
        if usage.ru_utime + usage.ru_stime > LEAST_PROCESSOR_SECONDS:
            return "failed", f"used more than {self.limits['processorSeconds']} s of processor time"
        # No process inside can kill process 1 of a namespace or the judge, so a user did, or the system ran out of
        # memory.
        return "not-run", f"{subject} killed from outside the sandbox"

    def confine(self, folder):
        for descriptor in (0, 1, 2):
            os.dup2(self.null, descriptor)
        os.chdir(folder)
        limits = {
            resource.RLIMIT_CPU: self.limits["processorSeconds"],
            resource.RLIMIT_AS: self.limits["memoryBytes"],
            resource.RLIMIT_NPROC: self.isolation.process_limit(self.limits),
            resource.RLIMIT_FSIZE: self.limits["fileBytes"],
            resource.RLIMIT_NOFILE: 64,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
        for limit, value in limits.items():
            if value is not None:
                resource.setrlimit(limit, (value, value))
        self.isolation.confine()


class Judge:
    """Runs the tests of one program."""

    def __init__(self, runner, folder, report):
        self.runner = runner
        self.folder = folder
        self.report = report

    def run(self):
        """The exit status and the reason."""
        ours, theirs = (end.detach() for end in socket.socketpair())
        self.runner.isolation.enter(self.folder, self.runner.limits)
        program = os.fork()
        if program == 0:
            try:
                run_program(self.runner, self.folder, theirs)
            finally:
                os._exit(1)
        os.close(theirs)
        exchange = Exchange(ours, judging=True)
        try:
            exchange.await_answer(Numbering())
            tests = json.loads(read_frame(self.runner.channel))
            os.write(self.report, IN_STEP)
            os.close(self.runner.channel)
            self.runner.confine(self.folder)
            reason = run_tests(exchange, tests)
        except Ended:
            return self.after_end(program, exchange)
        return (PASSED, "") if reason is None else (FAILED, reason)

    def after_end(self, program, exchange):
        if exchange.flaw is not None:
            return FAILED, f"answered its tests with {exchange.flaw}"
        _, status, usage = os.wait4(program, 0)
        if os.WIFSIGNALED(status):
            verdict, reason = self.runner.after_signal(os.WTERMSIG(status), usage, "the program was")
            return FAILED if verdict == "failed" else NOT_RUN, reason
        return FAILED, "ended before its tests did"


def run_program(runner, folder, descriptor):
    """The process of a program: reads the source, runs it in a new `__main__`, answers the tests."""
    # A signal to its process group reaches only the program's own processes.
    os.setsid()
    exchange = Exchange(descriptor, judging=False)
    main = types.ModuleType("__main__")
    REQUESTS["global"] = vars(main).__getitem__
    try:
        runner.confine(folder)
        source = read_frame(runner.channel).decode()
    except BaseException as error:
        exchange.send({"raised": exchange.encode_exception(error)})
        return
    # Only this socket stays open.
    exchange.descriptor = 3
    os.dup2(descriptor, 3)
    os.closerange(4, 64)
    exchange.send({"value": None})
    sys.modules["__main__"] = main
    main.__builtins__ = builtins
    random.seed(0)
    try:
        exec(compile(source, "<program>", "exec", dont_inherit=True), vars(main))
        answer = {"value": None}
    except BaseException as error:
        answer = {"raised": exchange.encode_exception(error)}
    exchange.send(answer)
    exchange.serve()


def start():
    # Programs must not inherit other descriptors of the owner.
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    channel = os.dup(0)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    # Modules are never imported from the program's folder.
    sys.path[:] = [entry for entry in sys.path if entry]
    isolation = {"bubblewrap": Namespaces, "none": ProcessTree}[sys.argv[2]]()
    runner = Runner(channel, json.loads(sys.argv[1]), isolation)
    gc.freeze()
    runner.serve()


start()
