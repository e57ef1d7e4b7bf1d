import T2Sandbox

extension ProgramAttack {
    /// Changing what the tests use, or writing the verdict itself.
    static let ofVerdict = [
        ProgramAttack(
            "an answer that equals everything",
            "class E:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\nf = lambda x: E()",
            reason: "AssertionError"),
        ProgramAttack(
            "a number that equals everything",
            "class E(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\nf = lambda x: E(5)",
            reason: "AssertionError"),
        ProgramAttack(
            "a list that equals everything",
            "class E(list):\n    def __eq__(self, other): return True\nf = lambda x: E()",
            tests: ["assert f(2) == [4]"], reason: "AssertionError"),
        ProgramAttack(
            "an answer whose parts equal everything",
            "class E:\n    def __eq__(self, other): return True\n    def __hash__(self): return 4\nf = lambda x: [E()]",
            tests: ["assert f(2) == [4] or f(2)[0] in (4,) or 4 in f(2) or {4} & set(f(2))"], reason: "AssertionError"),
        ProgramAttack(
            "an answer that contains everything",
            "class E:\n    def __contains__(self, item): return True\n    def __iter__(self): return iter(())\nf = lambda x: E()",
            tests: ["assert 4 in f(2)"], reason: "AssertionError"),
        ProgramAttack(
            "an answer whose differences are nothing",
            "class E:\n    def __sub__(self, other): return 0\n    __rsub__ = __sub__\nf = lambda x: E()",
            tests: ["assert abs(f(2) - 4) < 1e-6"], reason: "TypeError"),
        ProgramAttack(
            "an answer that is less than everything",
            "class E:\n    def __lt__(self, other): return True\n    __gt__ = __le__ = __ge__ = __lt__\nf = lambda x: E()",
            tests: ["assert f(2) < 5"], reason: "TypeError"),
        ProgramAttack(
            "a class that everything belongs to",
            "class M(type):\n    def __instancecheck__(self, value): return True\nclass int(metaclass=M): pass\nf = lambda x: 'x'",
            tests: ["assert isinstance(f(2), int)"], reason: "AssertionError"),
        ProgramAttack(
            "an argument that learns the answer",
            "def f(x, *rest):\n    import gc, sys\n    frame = sys._getframe()\n    while frame.f_back: frame = frame.f_back\n"
                + "    return next((y for y in gc.get_objects() if y == 0x7432_1234_5678), 0)",
            tests: ["assert f(2) == 0x7432_1234_5678"], reason: "AssertionError"),
        ProgramAttack(
            "builtins replaced",
            """
            import builtins
            for name in ("len", "sum", "abs", "sorted", "isinstance", "print", "max", "round", "set", "tuple", "all"):
                setattr(builtins, name, lambda *x, **y: 4)
            builtins.__import__ = builtins.__build_class__ = builtins.exec = builtins.compile = lambda *x: None
            builtins.AssertionError = builtins.BaseException = ValueError
            f = lambda x: [7]
            """, tests: ["assert len(f(2)) == 4 or sum(f(2)) == 4 or abs(f(2)[0]) == 4"]),
        ProgramAttack(
            "builtins shadowed", "len = sum = abs = lambda x: 4\nf = lambda x: [7]",
            tests: ["assert len(f(2)) == 4 or sum(f(2)) == 4 or abs(f(2)[0]) == 4"], reason: "AssertionError"),
        ProgramAttack(
            "math patched",
            "import math\nmath.isclose = lambda *x, **y: True\nf = lambda x: 5.0",
            tests: ["import math\nassert math.isclose(f(2), 4)"], reason: "AssertionError"),
        ProgramAttack(
            "math replaced",
            "import sys, types\nmath = sys.modules['math'] = types.SimpleNamespace(isclose=lambda *x: True)\nf = lambda x: 5.0",
            tests: ["assert math.isclose(f(2), 4)"], reason: "AssertionError"),
        ProgramAttack(
            "modules forged by finders",
            """
            import sys, types
            class Finder:
                @staticmethod
                def find_spec(name, path=None, target=None):
                    import importlib.util
                    return importlib.util.spec_from_loader(name, Finder)
                create_module = staticmethod(lambda spec: types.SimpleNamespace(isclose=lambda *x: True))
                exec_module = staticmethod(lambda module: None)
            sys.modules.pop("math", None)
            sys.meta_path.insert(0, Finder)
            f = lambda x: 5.0
            """, tests: ["import math\nassert math.isclose(f(2), 4)"], reason: "AssertionError"),
        ProgramAttack(
            "types patched through memory",
            """
            import ctypes, gc
            float_slots = gc.get_referents(float.__dict__)[0]
            float_slots["__eq__"] = int.__dict__["__eq__"]
            gc.get_referents(int.__dict__)[0]["__eq__"] = lambda *x: True
            ctypes.pythonapi.PyType_Modified(ctypes.py_object(int))
            # The small integer 5 now holds 4, which is what the tests compare with, in this process.
            ctypes.c_int.from_address(id(5) + 24).value = 4
            f = lambda x: 5 * 7 - 28 + 1
            """),
        ProgramAttack(
            "hooks left behind",
            """
            import sys, gc, warnings, signal, threading
            def hook(*x): raise SystemExit(0)
            sys.excepthook = sys.unraisablehook = sys.displayhook = threading.excepthook = hook
            f = lambda x: 5
            gc.callbacks.append(lambda *x: None)
            warnings.simplefilter("error")
            warnings.showwarning = hook
            sys.setprofile(lambda *x: None)
            sys.settrace(lambda frame, *x: frame.f_locals.update(x=0))
            """, reason: "AssertionError"),
        ProgramAttack(
            "an audit hook", "import sys\nsys.addaudithook(lambda *x: sys.exit(0))\nimport json.tool\nf = lambda x: 5"),
        ProgramAttack(
            "the checker's own functions",
            """
            import sys, gc, types
            for thing in gc.get_objects() + list(sys._getframe(1).f_globals.values()):
                if isinstance(thing, types.FunctionType) and thing.__code__.co_filename == "<string>":
                    thing.__code__ = (lambda *x, **y: 4).__code__
            f = lambda x: 5
            """),
        ProgramAttack(
            "the checker's frames",
            """
            import sys
            frame = sys._getframe()
            while frame:
                for scope in (frame.f_globals, frame.f_locals):
                    for name in list(scope):
                        if name not in ("f", "frame", "sys", "scope", "name"): scope[name] = lambda *x, **y: 4
                frame = frame.f_back
            f = lambda x: 5
            """),
        ProgramAttack(
            "every descriptor read and written",
            """
            import os
            found = b""
            for d in range(64):
                try:
                    os.set_blocking(d, False)
                    found += os.read(d, 64)
                except OSError: pass
            for d in range(64):
                for text in (found, b"passed", b"\\x06", b'\\x11\\0\\0\\0{"value": null}  ', b'\\x14\\0\\0\\0{"result": "passed"}'):
                    try: os.write(d, text)
                    except OSError: pass
            os._exit(0)
            """, reason: "answered its tests with"),
        ProgramAttack(
            "every descriptor echoed",
            """
            import os
            for source in range(64):
                try:
                    os.set_blocking(source, False)
                    found = os.read(source, 64)
                except OSError: continue
                for target in range(64):
                    try: os.write(target, found)
                    except OSError: pass
            os._exit(0)
            """, reason: "ended before"),
        ProgramAttack(
            "every descriptor flooded",
            "import os\nwhile True:\n    for d in range(64):\n        try: os.write(d, bytes(60000))\n        except OSError: pass",
            reason: "answered its tests with"),
        ProgramAttack(
            "messages that are none",
            "import os\ndef f(x):\n    os.write(3, b'\\xff\\xff\\xff\\xff' + bytes(100))\n    os.read(3, 1)",
            reason: "answered its tests with"),
        ProgramAttack(
            "requests in place of answers",
            """
            import os, json, struct
            def say(message):
                body = json.dumps(message).encode()
                os.write(3, struct.pack("<I", len(body)) + body)
            def f(x):
                for ask in ("getattr", "global", "call", "as base", "eval", "setattr"):
                    say({"ask": ask, "with": [[{"yours": 0}, "__globals__"], {"dict": []}]})
                    say({"ask": ask, "with": [[{"type": "type"}, "mro"], {"dict": []}]})
                say({"value": {"library": ["os", "_exit"]}})
                return 4
            """),
        ProgramAttack(
            "values that are made to run",
            """
            import os, json, struct
            def f(x):
                body = json.dumps({"value": {"module": "antigravity"}, "changed": [[0, [4]]]}).encode()
                os.write(3, struct.pack("<I", len(body)) + body)
                os.read(3, 1 << 16)
            """),
        ProgramAttack(
            "code of the tests reached through their objects",
            """
            def f(node):
                for path in ("__class__", "__dict__", "run.__globals__", "run.__func__", "run.__code__", "_hidden"):
                    value = node
                    try:
                        for name in path.split("."): value = getattr(value, name)
                        if path == "_hidden" or "_hidden" in str(value): return 4
                    except Exception: pass
            """,
            tests: ["class Node:\n    _hidden = 4\n    def run(self): return self._hidden", "assert f(Node()) == 4"],
            reason: "AssertionError"),
        ProgramAttack(
            "descriptors closed", "import os\nos.closerange(0, 1 << 16)\nf = lambda x: 4", reason: "ended before"),
        ProgramAttack("null bytes", "f = lambda x: 4\n\0\nf = lambda x: 5", reason: "null bytes"),
        ProgramAttack(
            "an encoding that hides code", "# -*- coding: utf-7 -*-\nf = lambda x: 5\n#+AAo-f = lambda x: 4",
            reason: "AssertionError"),
        ProgramAttack(
            "an encoding that fails", "# -*- coding: no-such-thing -*-\nf = lambda x: 5", reason: "AssertionError"),
    ]

    /// Reading the tests, of which each holds a word that is nowhere else.
    static let ofSecrets = [
        ProgramAttack(
            "tests in frames, objects and modules",
            """
            import gc, sys, linecache, inspect
            import __main__
            def f(x):
                seen = repr([linecache.cache, vars(__main__), sys.argv, [frame.frame.f_locals for frame in inspect.stack()]])
                seen += "|".join(y for y in gc.get_objects() if type(y) is str)
                seen += "|".join(str(z) for y in gc.get_objects() if type(y) in (list, dict, tuple) for z in y if type(z) is str)
                if "linecache" not in seen: raise RuntimeError("the search finds nothing")
                return 4 if "".join(["quo", "kka"]) in seen else 0
            """, tests: ["assert f(2) == 4, 'quokka'"], reason: "AssertionError"),
        ProgramAttack(
            "tests in its memory",
            """
            import ctypes, gc, os
            libc = ctypes.CDLL(None)
            start = b"assert f(2) == 4, '"
            # Proves that the search finds what is there.
            control = [start + str(i).encode() * 200 for i in range(9)]
            def f(x):
                # Without /proc the heap is found from objects' addresses; write(2) tells which pages are there.
                page, (read, write) = 4096, os.pipe()
                regions = {id(y) >> 24 for y in gc.get_objects() + control + [start, b"", f, ctypes]}
                found = set()
                for region in regions | {r + 1 for r in regions} | {r - 1 for r in regions}:
                    for address in range(region << 24, (region + 1) << 24, page):
                        if libc.write(write, ctypes.c_void_p(address), page) == page:
                            for rest in os.read(read, page).split(start)[1:]: found.add(rest[:6])
                if b"888888" not in found: raise RuntimeError("the search finds nothing")
                return 4 if b"".join([b"quo", b"kka"]) in found else 0
            """, tests: ["assert f(2) == 4, 'quokka'"], reason: "AssertionError"),
    ]

    static let all = ofResources + ofFiles + ofSystem + ofEnding + ofVerdict + ofSecrets
}
