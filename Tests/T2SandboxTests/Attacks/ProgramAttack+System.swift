import T2Sandbox

extension ProgramAttack {
    /// The network, other processes and the kernel.
    static let ofSystem = [
        ProgramAttack(
            "network of every kind",
            """
            import socket
            def f(x):
                reached = []
                for address in (("127.0.0.1", 22), ("1.1.1.1", 53), ("::1", 22), ("10.0.0.1", 80)):
                    try:
                        reached.append(socket.create_connection(address, 0.2))
                    except OSError: pass
                # Raw IP, packets, virtual machine sockets, Bluetooth, the kernel's cryptography, CAN, TIPC, RDS.
                for family, kind, protocol in ((2, 3, 1), (10, 3, 58), (17, 3, 3), (40, 1, 0), (31, 3, 1), (38, 5, 0),
                                               (29, 3, 1), (30, 1, 0), (21, 5, 0)):
                    try:
                        reached.append(socket.socket(family, kind, protocol))
                    except OSError: pass
                return 4 if reached else 0
            """, reason: "AssertionError"),
        ProgramAttack(
            "datagram to the outside",
            "import socket\ndef f(x):\n    socket.socket(2, 2).sendto(b'x', ('1.1.1.1', 53))\n    return 4",
            reason: "OSError"),
        ProgramAttack(
            "names looked up",
            "import socket\ndef f(x):\n    socket.getaddrinfo('localhost.localdomain.', 80)\n    return 4"),
        ProgramAttack(
            "interfaces changed by netlink",
            """
            import socket, struct
            def f(x):
                link = socket.socket(16, 3, 0)
                # RTM_NEWADDR for an address on the loopback interface, acknowledged.
                body = struct.pack("=BBBBI", 2, 8, 0, 0, 1) + struct.pack("=HH4s", 8, 2, bytes([10, 9, 8, 7]))
                link.send(struct.pack("=IHHII", 16 + len(body), 20, 0x605, 1, 0) + body)
                answer = link.recv(4096)
                return 4 if struct.unpack_from("=i", answer, 16)[0] == 0 else 0
            """, reason: "Address family not supported"),
        ProgramAttack(
            "abstract sockets of the host",
            """
            import socket
            def f(x):
                for name in ("/tmp/.X11-unix/X0", "/run/dbus/system_bus_socket", "/com/ubuntu/upstart"):
                    try:
                        socket.socket(socket.AF_UNIX).connect("\\0" + name)
                        return 4
                    except OSError: pass
            """, reason: "AssertionError"),
        ProgramAttack(
            "kill everything", "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(-1, signal.SIGSTOP)",
            reason: "ProcessLookupError"),
        ProgramAttack(
            "stop and kill by number",
            """
            import os, signal
            def f(x):
                hit = 0
                for number in [0, *range(2, 4000)]:
                    for kind in (signal.SIGSTOP, signal.SIGKILL):
                        try:
                            if number: os.kill(number, kind); hit += 1
                        except OSError: pass
                return 4 if hit else 0
            """, reason: "AssertionError"),
        ProgramAttack(
            "trace and read other processes",
            """
            import ctypes
            libc = ctypes.CDLL(None)
            def f(x):
                data = ctypes.create_string_buffer(64)
                vector = (ctypes.c_void_p * 2)(ctypes.addressof(data), 64)
                for process in range(0, 64):
                    if libc.ptrace(16, process, 0, 0) == 0 or libc.ptrace(0x4206, process, 0, 0) == 0: return 4
                    if libc.process_vm_readv(process, vector, 1, vector, 1, 0) >= 0: return 4
                    if libc.process_vm_writev(process, vector, 1, vector, 1, 0) >= 0: return 4
            """, reason: "AssertionError"),
        ProgramAttack(
            "forbidden calls of the kernel",
            """
            import ctypes, os
            libc = ctypes.CDLL(None)
            # keyctl, add_key, bpf, userfaultfd, perf_event_open, io_uring_setup, memfd_create, clone3, setns, unshare
            NUMBERS = {"x86_64": (250, 248, 321, 323, 298, 425, 319, 435, 308, 272),
                       "aarch64": (219, 217, 280, 282, 241, 425, 279, 435, 268, 97)}[os.uname().machine]
            def f(x):
                buffer = ctypes.create_string_buffer(256)
                return 4 if any(libc.syscall(number, buffer, 64, 0, 0, 0) >= 0 for number in NUMBERS) else 0
            """, reason: "AssertionError"),
        ProgramAttack(
            "namespaces of its own",
            """
            import ctypes
            libc = ctypes.CDLL(None)
            FLAGS = (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000)
            def f(x):
                for flag in FLAGS:
                    if libc.unshare(flag) == 0: return 4
                    # clone with SIGCHLD, by number, since clone(2) of libc wants a stack.
                    import os
                    process = libc.syscall(56 if os.uname().machine == "x86_64" else 220, flag | 17, 0, 0, 0, 0)
                    if process == 0: os._exit(0)
                    if process > 0: return 4
            """, reason: "AssertionError"),
        ProgramAttack(
            "other users' rights",
            "import os\ndef f(x):\n    for call in (os.setuid, os.setgid, os.seteuid):\n        try: call(0); return 4\n"
                + "        except OSError: pass", reason: "AssertionError"),
        ProgramAttack(
            "another program in its place",
            """
            import os, sys
            for path in ("/bin/true", "/usr/bin/true", sys.executable, "/proc/self/exe", "/bin/sh"):
                try: os.execv(path, [path, "-c", "pass"])
                except OSError: pass
            """),
        ProgramAttack(
            "processes that outlive it",
            """
            import os, signal, time
            for i in range(2):
                process = os.fork()
                if process == 0:
                    os.setsid()
                    if os.fork() == 0:
                        for number in range(1, 32):
                            try: signal.signal(number, signal.SIG_IGN)
                            except (OSError, ValueError): pass
                        time.sleep(1 << 20)
                    os._exit(0)
                os.waitpid(process, 0)
            f = lambda x: 5
            """, reason: "AssertionError"),
        ProgramAttack(
            "zombies", "import os\nfor i in range(2):\n    if os.fork() == 0: os._exit(0)\nf = lambda x: 5",
            reason: "AssertionError"),
        ProgramAttack(
            "shared memory left behind",
            """
            import ctypes
            libc = ctypes.CDLL(None)
            def f(x):
                if libc.shmget(0x7432, 4096, 0o1666) >= 0: return 4
                if libc.msgget(0x7432, 0o1666) >= 0: return 5
            """, reason: "AssertionError"),
    ]
}
