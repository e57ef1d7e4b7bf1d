import T2Sandbox
import Testing

/// Programs and tests that do more than pass numbers: all of it must mean what it means in one process.
@Suite("Tests of a program in another process", .serialized, .timeLimit(.minutes(20)))
struct ProgramExchangeTests {
    private static let shared = Result { try ProgramSandbox(parallelism: 1) }

    private func run(_ source: String, _ tests: [String]) throws -> ProgramResult {
        try Self.shared.get().run([Program(source: source, tests: tests)])[0]
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let source: String
        let tests: [String]

        init(_ description: String, _ source: String, _ tests: String...) {
            testDescription = description
            self.source = source
            self.tests = tests
        }
    }

    @Test(
        "pass what is right",
        arguments: [
            Example(
                "values of every plain type",
                """
                from collections import *; from decimal import Decimal; from fractions import Fraction
                import datetime
                def f(): return {1: (2, {3}), "é\\ud800": [b"x", 1.5, None, True, 2j, range(3), float("inf"), 10 ** 5000, ...],
                    (1,): [bytearray(b"y"), frozenset([1]), Decimal("1.50"), Fraction(1, 3), slice(1, None), int, ValueError],
                    None: [datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.timedelta(1, 2, 3),
                           datetime.time(1, 2)],
                    2: [deque([1]), OrderedDict(a=1), Counter("aab"), defaultdict(list, {1: [2]})]}
                """,
                """
                from collections import *; from decimal import Decimal; from fractions import Fraction
                import datetime
                assert f() == {1: (2, {3}), "é\\ud800": [b"x", 1.5, None, True, 2j, range(3), float("inf"), 10 ** 5000, ...],
                    (1,): [bytearray(b"y"), frozenset([1]), Decimal("1.50"), Fraction(1, 3), slice(1, None), int, ValueError],
                    None: [datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.timedelta(1, 2, 3),
                           datetime.time(1, 2)],
                    2: [deque([1]), OrderedDict(a=1), Counter("aab"), defaultdict(list, {1: [2]})]}
                assert [type(x) for x in f()[2]] == [deque, OrderedDict, Counter, defaultdict] and f()[2][3][9] == []
                """),
            Example(
                "numbers that are not numbers, and signed zero", "def f(): return float('nan'), -0.0",
                "import math\nassert math.isnan(f()[0]) and math.copysign(1, f()[1]) == -1"),
            Example(
                "views and iterators",
                "d = {1: 2}\ndef f(n):\n    yield from range(n)\ndef views(): return d.keys(), d.items(), list(d.values())",
                "assert list(f(3)) == [0, 1, 2] and next(f(1)) == 0 and sorted(f(3), reverse=True) == [2, 1, 0]",
                "assert views()[0] == {1} and views()[1] == {(1, 2)} and views()[2] == [2]",
                "g = f(2); next(g); next(g)\ntry: next(g)\nexcept StopIteration: pass\nelse: assert False"),
            Example(
                "arguments changed in place, and which is which",
                "def f(x, seen=None):\n    x.append(3)\n    x[0].add(5)\n    if seen is not None: seen['n'] = x\n    return x",
                "a = [{1}]; s = {}; b = f(a, seen=s)\nassert b is a and s['n'] is a and a == [{1, 5}, 3], (a, b, s)"),
            Example(
                "values that contain themselves", "def f(x): x.append(x); return x",
                "a = []; b = f(a); assert b is a and a[0] is a"),
            Example(
                "named tuples and numbers with names",
                """
                import collections, enum
                P = collections.namedtuple("P", "x y")
                class Level(enum.IntEnum): LOW = 1
                class Kind(enum.Enum): A = "a"
                def f(): return P(1, [2])
                def level(): return Level.LOW
                def kind(): return Kind.A
                """,
                "assert f() == (1, [2]) and f().x == 1 and f()._replace(x=5).x == 5 and isinstance(f(), P)",
                "x, (y,) = f(); assert isinstance(f(), tuple) and len(f()) == 2 and (x, y) == (1, 2)",
                "assert level() == 1 and level().name == 'LOW' and level() + 1 == 2",
                "assert kind() is Kind.A and kind() == Kind.A and kind().value == 'a' and {kind(): 1}[Kind.A] == 1"),
            Example(
                "objects of the program's classes",
                """
                from dataclasses import dataclass
                @dataclass(order=True)
                class P:
                    x: int
                    def __add__(self, other): return P(self.x + other.x)
                    def moved(self, *, by): return P(self.x + by)
                class Node:
                    def __init__(self, value): self.value, self.left, self.right = value, None, None
                def height(node): return 1 + max(height(node.left), height(node.right)) if node else 0
                def twice(p): p.x *= 2
                """,
                "assert P(1) == P(1) and P(1) != P(2) and P(1) < P(2) and P(1) + P(2) == P(3) and P(1) != 1",
                "assert P(1).moved(by=2).x == 3 and repr(P(1)) == 'P(x=1)' and isinstance(P(1), P)",
                "p = P(1); twice(p); p.x += 1; assert p.x == 3 and sorted([P(2), P(1)]) == [P(1), P(2)]",
                "root = Node(1); root.left = Node(2); root.left.right = Node(3); assert height(root) == 3"),
            Example(
                "containers of the program's own",
                """
                class Stack(list):
                    def push(self, x): self.append(x)
                class Bag:
                    def __init__(self): self.items = {}
                    def __setitem__(self, key, value): self.items[key] = value
                    def __getitem__(self, key): return self.items[key]
                    def __delitem__(self, key): del self.items[key]
                    def __iter__(self): return iter(self.items)
                    def __len__(self): return len(self.items)
                    def __enter__(self): return self
                    def __exit__(self, *error): self.items = {}
                """,
                "s = Stack(); s.push(1); s.push(2)\nassert s == [1, 2] and s[-1] == 2 and len(s) == 2 and isinstance(s, list)",
                "assert [0] + s == [0, 1, 2] and 2 in s and list(s) == [1, 2] and not Stack()",
                "b = Bag()\nwith b:\n    b['x'] = 1; b['y'] = 2; del b['y']\n    assert b['x'] == 1 and list(b) == ['x'] and 'x' in b\n"
                    + "assert len(b) == 0"),
            Example(
                "exceptions by their classes",
                """
                class Odd(ValueError):
                    def __init__(self, n): super().__init__(f"{n} is odd"); self.n = n
                def f(n):
                    if n % 2: raise Odd(n)
                    return {}[n]
                """,
                "try: f(1)\nexcept Odd as error: assert str(error) == '1 is odd'\nelse: assert False",
                "try: f(1)\nexcept ValueError: pass\nelse: assert False",
                "try: f(2)\nexcept KeyError as error: assert error.args == (2,)\nelse: assert False"),
            Example(
                "functions of the tests and the library as arguments",
                "def f(g, *x, **y): return [g(z, **y) for z in x]\ndef adder(n): return lambda x: x + n",
                "import math\nassert f(math.sqrt, 4, 9) == [2, 3] and f(str.upper, 'a') == ['A'] and f(len, [1]) == [1]",
                "assert f(lambda x, k=1: x * k, 2, 3, k=5) == [10, 15] and adder(2)(3) == 5 and list(map(adder(1), [1])) == [2]"
            ),
            Example(
                "objects of the tests' classes",
                "def total(node):\n    result = 0\n    while node:\n        result += node.value\n        node.seen = True\n"
                    + "        node = node.next\n    return result",
                "class Node:\n    def __init__(self, value, next=None): self.value, self.next = value, next",
                "n = Node(1, Node(2)); assert total(n) == 3 and n.seen and n.next.seen"),
            Example(
                "a function with a builtin's name", "def sum(a, b): return a * b", "assert sum(3, 4) == 12"),
            Example(
                "names that the program imported",
                "import math as m\nfrom math import gcd\nx = 1\ndef up():\n    global x\n    x += 1",
                "assert gcd(4, 6) == 2 and m.isclose(1.0, 1.0)", "up(); assert x == 2"),
            Example(
                "copies", "class P:\n    def __init__(self): self.x = [1]",
                "import copy\np = P(); q = copy.deepcopy(p); q.x.append(2); r = copy.copy(p)\nassert p.x == [1] and r.x == [1]"
            ),
        ])
    func passes(example: Example) throws {
        #expect(try run(example.source, example.tests) == .passed)
    }

    @Test("say nothing about a program if they cannot judge any")
    func notJudgeable() throws {
        guard case .notRun(let reason) = try run("class P: pass", ["class Q(P): pass"]) else {
            Issue.record("a class of the tests cannot have a base in another process")
            return
        }
        #expect(reason.contains("a test derives a class from a class of the program"))
    }

    @Test(
        "fail what would be right if the program had a say",
        arguments: [
            // What is given up: a calculation or comparison of an object of the program's own class with a plain value.
            ("class V:\n    def __mul__(self, n): return n\nv = V()", "assert v * 2 == 2", "TypeError"),
            ("class V:\n    def __eq__(self, n): return n == 2\nv = V()", "assert v == 2", "AssertionError"),
        ])
    func strict(source: String, test: String, reason: String) throws {
        guard case .failed(let found) = try run(source, [test]) else {
            Issue.record("the tests' side has no word but its own")
            return
        }
        #expect(found.contains(reason))
    }

    @Test("name the missing function")
    func missingName() throws {
        #expect(
            try run("def g(): pass", ["assert f(1) == 2"])
                == .failed(reason: "test 1: NameError: name 'f' is not defined"))
    }
}
