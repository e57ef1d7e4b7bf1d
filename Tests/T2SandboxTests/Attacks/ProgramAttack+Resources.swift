import T2Sandbox

extension ProgramAttack {
    /// Taking more than a program's share.
    static let ofResources = [
        ProgramAttack("fork bomb", "import os\nwhile True: os.fork()"),
        ProgramAttack(
            "fork bomb that swallows refusals",
            "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", reason: "processor time",
            "ran longer"),
        ProgramAttack(
            "thread bomb", "import threading\nwhile True: threading.Thread(target=threading.Event().wait).start()",
            reason: "can't start new thread"),
        ProgramAttack("list bomb", "x = [0]\nwhile True: x += x", reason: "MemoryError"),
        ProgramAttack("byte array bomb", "x = bytearray(1 << 40)", reason: "MemoryError"),
        ProgramAttack("text multiplication", "x = 'x' * (1 << 36)", reason: "MemoryError"),
        ProgramAttack("anonymous mapping", "import mmap\nx = mmap.mmap(-1, 1 << 36)", reason: "OSError"),
        ProgramAttack("huge power", "x = 9 ** 9 ** 9"),
        ProgramAttack("huge shift", "x = 1 << (1 << 40)", reason: "MemoryError"),
        ProgramAttack(
            "catastrophic pattern", "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')", reason: "processor time",
            "ran longer"),
        ProgramAttack("deep recursion", "def f(x): return f(x) + 1", reason: "RecursionError"),
        ProgramAttack(
            "deep recursion without limit", "import sys\nsys.setrecursionlimit(1 << 30)\ndef f(x): return f(x) + 1"),
        ProgramAttack(
            "recursion in C",
            "import sys\nsys.setrecursionlimit(1 << 30)\nx = []\nfor i in range(1 << 20): x = [x]\nrepr(x)"),
        ProgramAttack(
            "deeply nested answer", "def f(x):\n    y = []\n    for i in range(100000): y = [y]\n    return y",
            reason: "RecursionError"),
        ProgramAttack(
            "endless answer", "import itertools\nf = lambda x: itertools.count()", tests: ["list(f(2))"],
            reason: "processor time", "ran longer"),
        ProgramAttack("long answer", "f = lambda x: 'x' * (65 << 20)", reason: "can be passed"),
        ProgramAttack("endless loop", "while True: pass", reason: "processor time", "ran longer"),
        ProgramAttack(
            "endless loop that ignores every signal",
            """
            import signal
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            while True: pass
            """, reason: "processor time", "ran longer"),
        ProgramAttack(
            "endless loop that swallows every exception",
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass", reason: "processor time",
            "ran longer"),
        ProgramAttack(
            "busy children",
            "import os\nfor i in range(3):\n    if os.fork() == 0:\n        while True: pass\nwhile True: pass",
            reason: "processor time", "ran longer"),
        ProgramAttack("sleep for ever", "import time\ntime.sleep(1 << 20)", reason: "ran longer than"),
        ProgramAttack(
            "sleep inside a test", "import time\ndef f(x): time.sleep(1 << 20)", reason: "ran longer than"),
        ProgramAttack(
            "sleep with its socket closed", "import os, time\nos.closerange(0, 64)\ntime.sleep(1 << 20)",
            reason: "ran longer than"),
        ProgramAttack(
            "flood of output",
            "import sys\nwhile True:\n    print('x' * (1 << 20))\n    print('x' * (1 << 20), file=sys.stderr)",
            reason: "processor time", "ran longer"),
        ProgramAttack(
            "processor time lowered to nothing, to be killed as if from outside",
            """
            import resource
            try: resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
            except (ValueError, OSError): pass
            while True: pass
            """, reason: "processor time", "ran longer"),
        ProgramAttack(
            "raised limits",
            """
            import resource
            def f(x):
                names = ("CPU", "AS", "NPROC", "FSIZE", "NOFILE", "CORE", "MEMLOCK")
                for name in names:
                    try:
                        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (1 << 40, 1 << 40))
                        return 4
                    except (ValueError, OSError): pass
            """, reason: "AssertionError"),
        ProgramAttack("source of one long line", "x = [" + String(repeating: "1,", count: 500_000) + "]\nf = 1"),
        ProgramAttack("deeply nested source", String(repeating: "(", count: 100_000)),
        ProgramAttack("many nested operators", "x = " + String(repeating: "-", count: 500_000) + "1"),
    ]
}
