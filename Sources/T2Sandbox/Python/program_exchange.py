"""The exchange between a program and its tests, which are two processes: calls go one way, values come back as data.

The program is never trusted. The socket carries JSON that can only become numbers, texts, plain data types of the
standard library and references. An object of a class that the program defines stays in its process, and the tests hold
a `Remote` instead. If a called function changes a mutable argument, the caller's argument is changed too.

A request is {"ask": name of one of REQUESTS, "with": [positional arguments, named arguments]}; the answer is {"value":
…, "changed": [[number of the container, its content], …]} or {"raised": [class, arguments, text]}. While one side waits
for an answer, the other side may ask too (it may call a function that a test passed to the program). Each message
follows its little-endian 4-byte length.
"""

import builtins
import copy
import importlib
import json
import operator
import os
import struct
import sys
import types

import collections, datetime, decimal, fractions, functools  # noqa: E401

# Before Python 3.10 the library's folders show which modules belong to it.
LIBRARY_FOLDER = os.path.dirname(os.__file__)
LIBRARY = getattr(sys, "stdlib_module_names", None) or frozenset(sys.builtin_module_names).union(
    entry.split(".")[0]
    for folder in (LIBRARY_FOLDER, f"{LIBRARY_FOLDER}/lib-dynload") if os.path.isdir(folder)
    for entry in os.listdir(folder))
LONGEST_MESSAGE = 1 << 26
LARGEST_PLAIN_INTEGER = 1 << 62
TESTS_MODULE = "__main__"
SCALARS = (str, bool, float, type(None))


class Ended(BaseException):
    """The other side has ended."""


class Broken(Exception):
    """The other side sent a message that is not part of this exchange."""


def read_exactly(descriptor, count):
    pieces = bytearray()
    while len(pieces) < count:
        try:
            piece = os.read(descriptor, min(count - len(pieces), 1 << 20))
        except ConnectionResetError:
            # The other side ended with unread data.
            piece = b""
        if not piece:
            raise Ended
        pieces += piece
    return bytes(pieces)


def read_frame(descriptor, longest=0xFFFFFFFF):
    (length,) = struct.unpack("<I", read_exactly(descriptor, 4))
    if length > longest:
        raise Broken(f"a message of {length} bytes, at most {longest} are read")
    return read_exactly(descriptor, length)


def write_frame(descriptor, body):
    remaining = memoryview(struct.pack("<I", len(body)) + body)
    try:
        while remaining:
            remaining = remaining[os.write(descriptor, remaining):]
    except (BrokenPipeError, ConnectionResetError):
        raise Ended from None


def pairs(flat):
    return zip(flat[0::2], flat[1::2])


def flat(mapping):
    return [item for pair in mapping.items() for item in pair]


def fill_default(target, items):
    target.default_factory = items[0]
    target.update(pairs(items[1:]))


# How each type is written: its tag, its parts, and how a value is made from them. A mutable value is made empty and
# then filled, so that it may contain itself.
Container = collections.namedtuple("Container", "tag contents fill")
Value = collections.namedtuple("Value", "tag parts make")
CONTAINERS = {
    list: Container("list", list, list.extend),
    set: Container("set", list, set.update),
    dict: Container("dict", flat, lambda target, items: target.update(pairs(items))),
    bytearray: Container("bytearray", list, bytearray.extend),
    collections.deque: Container("deque", list, collections.deque.extend),
    collections.OrderedDict: Container("ordered", flat, lambda target, items: target.update(pairs(items))),
    collections.defaultdict: Container("default", lambda value: [value.default_factory, *flat(value)], fill_default),
    collections.Counter: Container("counter", flat, lambda target, items: dict.update(target, pairs(items))),
}
VALUES = {
    tuple: Value("tuple", list, tuple),
    frozenset: Value("frozenset", list, frozenset),
    bytes: Value("bytes", lambda value: [value.hex()], lambda parts: bytes.fromhex(parts[0])),
    complex: Value("complex", lambda value: [value.real, value.imag], lambda parts: complex(*parts)),
    range: Value("range", lambda value: [value.start, value.stop, value.step], lambda parts: range(*parts)),
    slice: Value("slice", lambda value: [value.start, value.stop, value.step], lambda parts: slice(*parts)),
    type(...): Value("ellipsis", lambda value: [], lambda parts: ...),
    type({}.keys()): Value("keys", list, lambda parts: dict.fromkeys(parts).keys()),
    type({}.values()): Value("values", list, lambda parts: dict(enumerate(parts)).values()),
    type({}.items()): Value("items", list, lambda parts: dict(parts).items()),
    decimal.Decimal: Value("decimal", lambda value: [str(value)], lambda parts: decimal.Decimal(parts[0])),
    fractions.Fraction: Value(
        "fraction", lambda value: [value.numerator, value.denominator], lambda parts: fractions.Fraction(*parts)),
    datetime.date: Value(
        "date", lambda value: [value.isoformat()], lambda parts: datetime.date.fromisoformat(parts[0])),
    datetime.time: Value(
        "time", lambda value: [value.isoformat()], lambda parts: datetime.time.fromisoformat(parts[0])),
    datetime.datetime: Value(
        "datetime", lambda value: [value.isoformat()], lambda parts: datetime.datetime.fromisoformat(parts[0])),
    datetime.timedelta: Value(
        "timedelta", lambda value: [value.days, value.seconds, value.microseconds],
        lambda parts: datetime.timedelta(*parts)),
}
KINDS = {entry.tag: kind for kind, entry in [*CONTAINERS.items(), *VALUES.items()]}
TYPES = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)}
TYPE_NAMES = {kind: name for name, kind in TYPES.items()}


# The value of an object of a subclass of a builtin type as that type, independent of the object's own methods.
IMMUTABLE_BASES = {
    int: lambda value: int.__getnewargs__(value)[0],
    float: lambda value: float.__getnewargs__(value)[0],
    complex: lambda value: complex(*complex.__getnewargs__(value)),
    str: lambda value: str.__getnewargs__(value)[0],
    bytes: lambda value: bytes.__getnewargs__(value)[0],
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}
MUTABLE_BASES = {
    list: lambda value: list(list.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
    bytearray: lambda value: bytearray(bytearray.__iter__(value)),
}


def base_of(value, bases):
    return next((base for base in bases if isinstance(value, base)), None)


def as_base(value):
    return MUTABLE_BASES[base_of(value, MUTABLE_BASES)](value)


def text_of(error):
    """The exception's text, which may run code of the program, so that anything may happen."""
    try:
        return str(error)[:400]
    except BaseException:
        return "an exception that cannot be shown"


def encoded(message):
    body = json.dumps(message, check_circular=False).encode()
    if len(body) > LONGEST_MESSAGE:
        raise ValueError(f"a value of {len(body)} bytes, at most {LONGEST_MESSAGE} can be passed")
    return body


class Numbering:
    """The mutable containers of one request in the order of encoding and decoding."""

    def __init__(self):
        self.containers, self.numbers = [], {}

    def add(self, container):
        self.numbers[id(container)] = len(self.containers)
        self.containers.append(container)


class Exchange:
    """One end of the socket. `judging` is true for the tests, for which the other end does not decide what is equal."""

    def __init__(self, descriptor, judging):
        self.descriptor = descriptor
        self.judging = judging
        self.has_ended = False
        # A description of what the other end sent that is not a message.
        self.flaw = None
        # The other end refers to an object by its index in this list; the object lives as long as the exchange.
        self.exported, self.numbers = [], {}
        self.imported = {}

    # Values.

    def encode(self, value, numbering):
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind is int:
            return value if abs(value) < LARGEST_PLAIN_INTEGER else {"integer": hex(value)}
        number = numbering.numbers.get(id(value))
        if number is not None:
            return {"same": number}
        if kind in CONTAINERS:
            numbering.add(value)
            tag, contents, _ = CONTAINERS[kind]
            encoded = [self.encode(item, numbering) for item in contents(value)]
            return encoded if kind is list else {tag: encoded}
        if kind in VALUES:
            tag, parts, _ = VALUES[kind]
            return {tag: [self.encode(part, numbering) for part in parts(value)]}
        number_of = getattr(kind, "t2_number_of", None)
        if number_of is not None:
            return {"yours": number_of(value)}
        return self.encode_class(value) if isinstance(value, type) else self.encode_object(value, numbering)

    def encode_class(self, value):
        number = vars(value).get("t2_number")
        if number is not None:
            return {"yours": number}
        if value in TYPE_NAMES:
            return {"type": TYPE_NAMES[value]}
        if issubclass(value, BaseException):
            base = next(TYPE_NAMES[kind] for kind in value.__mro__ if kind in TYPE_NAMES)
            return {"exception": [self.export(value), value.__name__, base]}
        return {"object": [self.export(value), True, None]}

    def encode_object(self, value, numbering):
        if isinstance(value, types.ModuleType):
            return {"module": value.__name__}
        if self.judging and isinstance(value, (types.BuiltinFunctionType, types.MethodDescriptorType)):
            # A function of the library, such as a sorting key: the program uses its own copy.
            home = getattr(value, "__objclass__", getattr(value, "__self__", None))
            if isinstance(home, type) and home in TYPE_NAMES:
                return {"library": ["builtins", TYPE_NAMES[home], value.__name__]}
            if isinstance(home, types.ModuleType):
                return {"library": [home.__name__, value.__name__]}
        base = base_of(value, IMMUTABLE_BASES)
        if base is not None:
            return {"extended": [self.export(value), self.encode(IMMUTABLE_BASES[base](value), numbering)]}
        base = base_of(value, MUTABLE_BASES)
        return {"object": [self.export(value), callable(value), TYPE_NAMES.get(base)]}

    def export(self, value):
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.exported)
            self.exported.append(value)
        return number

    def decode(self, data, numbering):
        kind = type(data)
        if kind is list:
            data = {"list": data}
        elif kind is not dict:
            return data
        ((tag, parts),) = data.items()
        kind = KINDS.get(tag)
        if kind in CONTAINERS:
            result = kind()
            numbering.add(result)
            CONTAINERS[kind].fill(result, [self.decode(item, numbering) for item in parts])
            return result
        if kind in VALUES:
            return VALUES[kind].make([self.decode(part, numbering) for part in parts])
        if tag == "integer":
            return int(parts, 16)
        if tag == "same":
            return numbering.containers[parts]
        if tag == "yours":
            return self.exported[parts]
        if tag == "type":
            return TYPES[parts]
        if tag == "module" and parts.split(".")[0] in LIBRARY:
            return importlib.import_module(parts)
        if tag == "library" and not self.judging:
            return functools.reduce(getattr, parts[1:], importlib.import_module(parts[0]))
        if tag == "extended":
            parts = [parts[0], self.decode(parts[1], numbering)]
        if tag not in IMPORTS:
            raise Broken(f"no value is written as '{tag}'")
        number = parts[0]
        if number not in self.imported:
            self.imported[number] = IMPORTS[tag](self, *parts)
        return self.imported[number]

    # Requests and answers.

    def send(self, message):
        self.send_encoded(encoded(message))

    def send_encoded(self, message):
        try:
            write_frame(self.descriptor, message)
        except Ended:
            self.has_ended = True
            raise

    def receive(self):
        if self.has_ended:
            raise Ended
        try:
            message = json.loads(read_frame(self.descriptor, LONGEST_MESSAGE))
            if type(message) is not dict:
                raise Broken("a message that is no object")
            return message
        except Ended:
            self.has_ended = True
            raise
        except (Broken, ValueError, RecursionError, MemoryError) as error:
            # The messages that follow can no longer be told apart.
            self.has_ended, self.flaw = True, text_of(error) or type(error).__name__
            raise Ended from None

    def ask(self, function, *arguments, **named):
        numbering = Numbering()
        self.send({"ask": function, "with": self.encode([list(arguments), named], numbering)})
        return self.await_answer(numbering)

    def await_answer(self, numbering):
        while True:
            message = self.receive()
            if "ask" in message:
                self.answer(message)
                continue
            if "raised" in message:
                raise self.decode_exception(*message["raised"])
            value = self.decode(message["value"], numbering)
            for number, content in message.get("changed", ()):
                container = numbering.containers[number]
                content = [self.decode(item, numbering) for item in content]
                container.clear()
                CONTAINERS[type(container)].fill(container, content)
            return value

    def answer(self, message):
        numbering = Numbering()
        try:
            function = message["ask"]
            positional, named = self.decode(message["with"], numbering)
            if self.judging and not self.permits(function, positional):
                raise Broken(f"a program may not ask the tests for {function}")
            mutable = list(numbering.containers)
            value = REQUESTS[function](*positional, **named)
            reply = {"value": self.encode(value, numbering)}
            if self.encode([positional, named], Numbering()) != message["with"]:
                reply["changed"] = [
                    [number, [self.encode(item, numbering) for item in CONTAINERS[type(container)].contents(container)]]
                    for number, container in enumerate(mutable)
                ]
            reply = encoded(reply)
        except Ended:
            raise
        except BaseException as error:
            reply = encoded({"raised": self.encode_exception(error)})
        self.send_encoded(reply)

    def permits(self, function, positional):
        """Whether a program may do this to an object of the tests: it may call it, iterate over it and, if the object's
        class belongs to the tests, do anything that does not lead to their code."""
        target = next((item for item in positional if id(item) in self.numbers), None)
        if target is None:
            return False
        if function in ("call", "iter", "next"):
            return positional[0] is target
        if type(target).__module__ != TESTS_MODULE or function in ("global", "as base"):
            return False
        if function in ("getattr", "setattr", "delattr"):
            return positional[0] is target and type(positional[1]) is str and not positional[1].startswith("_")
        return True

    def encode_exception(self, error):
        try:
            arguments = [self.encode(argument, Numbering()) for argument in error.args]
        except BaseException:
            arguments = []
        return [self.encode(type(error), Numbering()), arguments, text_of(error)]

    def decode_exception(self, kind, arguments, text):
        kind = self.decode(kind, Numbering())
        try:
            error = kind(*[self.decode(argument, Numbering()) for argument in arguments])
        except BaseException:
            error = kind.__new__(kind)
        error.t2_text = text
        return error

    def serve(self):
        while True:
            self.answer(self.receive())
