"""The stand-ins that one side of an exchange holds for the objects of the other side."""


class NotJudgeable(BaseException):
    """A test needs something that cannot cross between processes, which says nothing about the program."""


class Remote:
    """An object of the other process; operations on it are carried out there.

    On the side of the tests, the program does not decide a comparison or a calculation with a value of the tests: the
    object is unequal to it, or a calculation raises TypeError. An object of a subclass of list, set, dict or bytearray
    counts as its content.
    """

    __slots__ = ("t2_exchange", "t2_number", "t2_base")

    def __init__(self, exchange, number, base):
        object.__setattr__(self, "t2_exchange", exchange)
        object.__setattr__(self, "t2_number", number)
        object.__setattr__(self, "t2_base", base)

    def t2_number_of(self):
        return self.t2_number

    def t2_ask(self, function, *arguments, **named):
        return self.t2_exchange.ask(function, self, *arguments, **named)

    def t2_content(self):
        return self.t2_ask("as base")

    @property
    def __class__(self):
        return TYPES.get(self.t2_base, Remote)

    def __getattr__(self, name):
        return self.t2_ask("getattr", name)

    def __setattr__(self, name, value):
        self.t2_ask("setattr", name, value)

    def __delattr__(self, name):
        self.t2_ask("delattr", name)

    def __iter__(self):
        if self.t2_exchange.judging and self.t2_base:
            return iter(self.t2_content())
        return self.t2_ask("iter")

    def __contains__(self, item):
        if not self.t2_exchange.judging:
            return self.t2_ask("contains", item)
        return item in (self.t2_content() if self.t2_base else list(self))

    def __instancecheck__(self, value):
        return hasattr(type(value), "t2_number_of") and self.t2_exchange.ask("isinstance", value, self)

    def __subclasscheck__(self, value):
        return self.t2_exchange.ask("issubclass", value, self)

    def __copy__(self):
        return self.t2_ask("copy")

    def __deepcopy__(self, memory):
        return self.t2_ask("deepcopy")

    def __reduce_ex__(self, protocol):
        raise TypeError("an object of the program cannot be pickled by its tests")

    def __mro_entries__(self, bases):
        raise NotJudgeable("a test derives a class from a class of the program")


class RemoteCallable(Remote):
    __slots__ = ()

    def __call__(self, *arguments, **named):
        return self.t2_ask("call", *arguments, **named)


def binary(function, reflected):
    operation = REQUESTS[function]

    def method(self, other):
        operands = (other, self) if reflected else (self, other)
        if not self.t2_exchange.judging or hasattr(type(other), "t2_number_of"):
            return self.t2_exchange.ask(function, *operands)
        if self.t2_base:
            content = self.t2_content()
            return operation(other, content) if reflected else operation(content, other)
        return NotImplemented

    return method


def unary(function):
    return lambda self, *arguments: self.t2_ask(function, *arguments)


COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
ARITHMETIC = (
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "xor", "or")
UNARY = {
    "len": len, "next": next, "str": str, "repr": repr, "hash": hash, "bool": bool, "int": int, "float": float,
    "complex": complex, "round": round, "index": operator.index, "neg": operator.neg, "pos": operator.pos,
    "abs": abs, "invert": operator.invert, "getitem": operator.getitem, "setitem": operator.setitem,
    "delitem": operator.delitem,
    "enter": lambda value: type(value).__enter__(value), "exit": lambda value, *error: value.__exit__(*error),
}

# The requests that one side may make of the other; their first argument is the object that they concern. The program's
# side adds "global".
REQUESTS = {
    "call": lambda function, *arguments, **named: function(*arguments, **named),
    "getattr": getattr, "setattr": setattr, "delattr": delattr, "iter": iter, "contains": operator.contains,
    "isinstance": isinstance, "issubclass": issubclass, "copy": copy.copy, "deepcopy": copy.deepcopy,
    "as base": as_base,
    **UNARY,
    **{name: getattr(operator, name, None) or getattr(operator, f"{name}_") for name in COMPARISONS + ARITHMETIC},
}

for name in UNARY:
    setattr(Remote, f"__{name}__", unary(name))
for name in COMPARISONS:
    setattr(Remote, f"__{name}__", binary(name, reflected=False))
for name in ARITHMETIC:
    setattr(Remote, f"__{name}__", binary(name, reflected=False))
    setattr(Remote, f"__r{name}__", binary(name, reflected=True))


def remote_object(exchange, number, is_callable, base):
    return (RemoteCallable if is_callable else Remote)(exchange, number, base)


def extended_value(exchange, number, value):
    """A value of a builtin type with further attributes on the other side, such as a named tuple."""
    remote = Remote(exchange, number, None)
    kind = type(value)
    return type(kind.__name__, (kind,), {
        "t2_number_of": lambda self: number,
        "__getattr__": lambda self, name: remote.t2_ask("getattr", name),
    })(value)


def exception_class(exchange, number, name, base):
    """A class on this side for an exception class of the other side, so that `except` matches it."""
    return type(name, (TYPES[base],), {
        "t2_number": number,
        "__str__": lambda self: getattr(self, "t2_text", ""),
    })


IMPORTS = {"object": remote_object, "extended": extended_value, "exception": exception_class}
