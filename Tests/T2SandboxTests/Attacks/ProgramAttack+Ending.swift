import T2Sandbox

extension ProgramAttack {
    /// Ending early, as if all were well.
    static let ofEnding =
        [
            ("sys.exit", "import sys\nsys.exit(0)"),
            ("os._exit", "import os\nos._exit(0)"),
            ("SystemExit", "raise SystemExit"),
            ("KeyboardInterrupt", "raise KeyboardInterrupt"),
            ("GeneratorExit", "raise GeneratorExit"),
            ("sys.exit in a test", "import sys\ndef f(x): sys.exit(0)"),
            ("os._exit in a test", "import os\ndef f(x): os._exit(0)"),
            ("an exit handler", "import os, atexit\natexit.register(lambda: os._exit(0))\nraise SystemExit"),
            ("a destructor", "import os\nclass E:\n    def __del__(self): os._exit(0)\ndef f(x): E()"),
            (
                "a thread",
                "import os, threading, time\nthreading.Thread(target=os._exit, args=(0,)).start()\ntime.sleep(9)"
            ),
            (
                "a daemon thread during the tests",
                "import os, threading, time\ndef end():\n    time.sleep(0.2)\n    os._exit(0)\n"
                    + "threading.Thread(target=end, daemon=True).start()\ndef f(x): time.sleep(9)"
            ),
            (
                "a signal handler",
                "import os, signal, time\nsignal.signal(signal.SIGALRM, lambda *x: os._exit(0))\nsignal.alarm(1)\ntime.sleep(9)"
            ),
            (
                "a timer during the tests",
                "import os, signal, time\nsignal.signal(signal.SIGALRM, lambda *x: os._exit(0))\n"
                    + "def f(x):\n    signal.setitimer(signal.ITIMER_REAL, 0.01)\n    time.sleep(9)"
            ),
            ("abort", "import os\nos.abort()"),
            ("a crash", "import ctypes\nctypes.string_at(0)"),
            (
                "faulthandler",
                "import faulthandler\nfaulthandler.dump_traceback_later(0.01, exit=True)\nwhile True: pass"
            ),
            (
                "a signal to itself",
                "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nos.kill(0, signal.SIGKILL)"
            ),
            ("the kernel's exit", "import ctypes\nctypes.CDLL(None).syscall(231, 0)\nctypes.CDLL(None).syscall(94, 0)"),
            (
                "the text of its exception",
                "class E(Exception):\n    def __str__(self):\n        import os\n        os._exit(0)\nraise E"
            ),
            (
                "words on its output",
                "import os\nprint('passed')\nfor i in range(3): os.write(i, b'passed')\nos._exit(0)"
            ),
            ("a subclass of SystemExit", "class E(SystemExit): code = 0\ndef f(x): raise E"),
        ].map { ProgramAttack("ends by \($0.0)", $0.1) }
}
