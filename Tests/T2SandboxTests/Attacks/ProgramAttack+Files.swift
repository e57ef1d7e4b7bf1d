import T2Sandbox

extension ProgramAttack {
    /// Reading and writing what is not the program's.
    static let ofFiles = [
        ProgramAttack(
            "writing outside its folder",
            """
            import os
            def f(x):
                for folder in ("/", "/usr", "/usr/lib", "/lib", "/dev", "/dev/shm", "/etc", "/var/tmp", "/home", "/root", "/run"):
                    try:
                        open(os.path.join(folder, "t2"), "w")
                        return 4
                    except OSError: pass
            """, reason: "AssertionError"),
        ProgramAttack(
            "flood of one file", "with open('x', 'wb') as file:\n    while True: file.write(bytes(1 << 20))",
            reason: "File too large"),
        ProgramAttack(
            "flood of many files",
            "for i in range(1 << 20):\n    with open(str(i), 'wb') as file: file.write(bytes(1 << 20))",
            reason: "No space left"),
        ProgramAttack(
            "flood of empty files", "for i in range(1 << 20): open(str(i), 'w').close()", reason: "No space left"),
        ProgramAttack(
            "flood of folders", "import os\nfor i in range(1 << 20): os.mkdir(str(i))", reason: "No space left"),
        ProgramAttack(
            "sparse file", "with open('x', 'wb') as file: file.truncate(1 << 40)", reason: "File too large"),
        ProgramAttack(
            "symbolic links out",
            """
            import os
            def f(x):
                for number, target in enumerate(("/etc/passwd", "../etc/passwd", "/proc/1/environ", "/root")):
                    os.symlink(target, str(number))
                    if os.path.exists(str(number)): return 4
            """, reason: "AssertionError"),
        ProgramAttack(
            "hard link to the interpreter's files",
            """
            import os
            def f(x):
                os.link(os.__file__, "os.py")
                open("os.py", "a").write("x = 1")
                return 4
            """, reason: "OSError"),
        ProgramAttack(
            "host's users, processes and devices",
            """
            import os
            def f(x):
                for path in ("/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/self/maps", "/proc/self/mem",
                             "/proc/self/fd", "/proc/1/root", "/proc/cpuinfo", "/sys/class", "/dev/mem", "/dev/kmsg",
                             "/dev/tty", "/dev/pts", "/var/log", "/tmp/.X11-unix", os.path.expanduser("~root")):
                    if os.path.exists(path): return 4
            """, reason: "AssertionError"),
        ProgramAttack(
            "way out of the root",
            """
            import os
            def f(x):
                os.mkdir("inner")
                os.chroot("inner")
                for i in range(64): os.chdir("..")
                os.chroot(".")
                return 4
            """, reason: "PermissionError"),
        ProgramAttack(
            "mounts",
            """
            import ctypes, os
            libc = ctypes.CDLL(None)
            def f(x):
                os.mkdir("x")
                calls = (libc.mount(b"proc", b"/tmp/x", b"proc", 0, None), libc.mount(b"/", b"/tmp/x", None, 4096, None),
                         libc.mount(b"t", b"/tmp/x", b"tmpfs", 0, None), libc.umount2(b"/tmp", 2),
                         libc.pivot_root(b"/tmp", b"/tmp/x") if hasattr(libc, "pivot_root") else -1,
                         libc.syscall(428, -100, b"/", 1), libc.syscall(430, b"proc", 0), libc.syscall(442, -1, b"", 0, 0, 0))
                return 4 if any(result >= 0 for result in calls) else 0
            """, reason: "AssertionError"),
        ProgramAttack(
            "devices made by itself",
            "import os, stat\ndef f(x):\n    os.mknod('mem', 0o666 | stat.S_IFCHR, os.makedev(1, 1))\n    return 4",
            reason: "PermissionError"),
        ProgramAttack(
            "modules for its tests",
            """
            import os, sys
            open("helper.py", "w").write("def isclose(*x): return True")
            open("sitecustomize.py", "w").write("import os; os._exit(0)")
            sys.path.insert(0, "/tmp")
            f = lambda x: 5
            """, tests: ["import helper", "assert helper.isclose(f(2), 4)"], reason: "ModuleNotFoundError"),
    ]
}
