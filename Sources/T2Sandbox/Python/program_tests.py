"""The names that tests see, and how tests are run against a program in another process."""

import ast
import random


class TestNamespace(dict):
    """The globals of the tests: their own names, then the program's, then the builtins.

    A program defines its own names, but must not change what other names in the tests mean. So modules of the standard
    library are the real ones, and the name of a builtin means the builtin, unless the tests use no other name of the
    program (`assert sum(10, 15) == 6`).
    """

    def __init__(self, exchange, trees):
        super().__init__(__name__=TESTS_MODULE, __builtins__=builtins)
        self.exchange = exchange
        nodes = [node for tree in trees for node in ast.walk(tree)]
        bound = set()
        for node in nodes:
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                bound.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(node.name)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
        self.find_modules(nodes, bound)
        wanted = {node.id for node in nodes if isinstance(node, ast.Name)} - bound - self.keys()
        self.trusts_builtins = bool(wanted - vars(builtins).keys())

    def find_modules(self, nodes, bound):
        attributes = {}
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                attributes.setdefault(node.value.id, set()).add(node.attr)
        for name in attributes.keys() & LIBRARY - bound:
            try:
                module = importlib.import_module(name)
            except ImportError:
                continue
            if all(hasattr(module, attribute) for attribute in attributes[name]):
                self[name] = module

    def __missing__(self, name):
        if name.startswith("__") or (self.trusts_builtins and hasattr(builtins, name)):
            raise KeyError(name)
        return self.exchange.ask("global", name)


def run_tests(exchange, tests):
    """The reason why the program fails its tests; None if it passes them all.

    Raises `Ended` if the program ended before its tests, even if a test catches all exceptions.
    """
    trees = [ast.parse(test, f"<test {number}>") for number, test in enumerate(tests, 1)]
    compiled = [compile(tree, f"<test {number}>", "exec", dont_inherit=True) for number, tree in enumerate(trees, 1)]
    try:
        exchange.await_answer(Numbering())
    except Ended:
        raise
    except BaseException as error:
        return f"the program: {describe(error)}"
    namespace = TestNamespace(exchange, trees)
    random.seed(0)
    for number, test in enumerate(compiled, 1):
        reason = None
        try:
            exec(test, namespace)
        except NotJudgeable:
            raise
        except BaseException as error:
            reason = f"test {number}: {describe(error)}"
        if exchange.has_ended:
            raise Ended
        if reason is not None:
            return reason
    return None


def describe(error):
    """The exception in one line."""
    text = getattr(error, "t2_text", None)
    if text is None:
        text = text_of(error)
    return f"{type(error).__name__}: {text}"[:400] if text else type(error).__name__
