"""A GGUF file: its metadata and its tensors, read with checks that PyPI's gguf leaves out."""

import math
import os
import pathlib

import gguf
import numpy as np
from input_error import InputError

DAMAGED = "Is it a whole GGUF file? Copy it again from its source."
VALUE_LIMIT = 1 << 23


class CheckedReader(gguf.GGUFReader):
    """Reads nothing beyond the end of the file, and no more values than metadata of a model can have."""

    reads = 0

    def _get(self, offset, dtype, count=1, override_order=None):
        self.reads += 1
        if self.reads > VALUE_LIMIT:
            raise ValueError(f"its metadata hold more than {VALUE_LIMIT} values")
        end = int(offset) + np.dtype(dtype).itemsize * int(count)
        if end > len(self.data):
            raise ValueError(f"it has {len(self.data)} bytes, but {end} are needed")
        return super()._get(int(offset), dtype, count, override_order)


class File:
    """Metadata by key, of which every one that describes the model has to be asked for, and tensors by name."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        if not path.is_file():
            raise InputError(path, "no such file", "Give a GGUF file.", os.EX_NOINPUT)
        try:
            if not path.stat().st_size:
                raise ValueError("it is empty")
            reader = CheckedReader(path)
            self.values = {key: field.contents() for key, field in reader.fields.items()}
        except (ValueError, KeyError, IndexError, OverflowError, TypeError, RecursionError, AttributeError) as error:
            raise InputError(path, f"not a readable GGUF file: {error}", DAMAGED) from error
        if reader.endianess is not gguf.GGUFEndian.LITTLE:
            raise InputError(path, "its numbers are big-endian", "Turn it into a little-endian one: gguf-convert-endian.")
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.used: set[str] = set()
        self.architecture = self.get("general.architecture", str)
        if (parts := self.get("split.count", int, 1)) > 1:
            raise InputError(path, f"it is one of {parts} parts of a model", "Join them first: llama-gguf-split --merge.")

    def get(self, key: str, kind: type, *default):
        """A value of the metadata, which must be of this type; without a default it must be there."""
        self.used.add(key)
        if key not in self.values:
            if default:
                return default[0]
            raise InputError(self.path, f"it has no '{key}'", "Make it again with a newer converter of llama.cpp.")
        value = self.values[key]
        if kind is float and type(value) is int:
            value = float(value)
        if kind is float and type(value) is float and not math.isfinite(value):
            raise InputError(self.path, f"'{key}' is {value}, expected a number", DAMAGED)
        if type(value) is not kind:
            found = "a list" if isinstance(value, list) else f"'{value}'"
            raise InputError(self.path, f"'{key}' is {found}, expected {kind.__name__}", "t2 runs no such model: use another.")
        return value

    def list_of(self, key: str, kind: type) -> list:
        values = self.get(key, list)
        if not all(type(value) is kind for value in values):
            raise InputError(self.path, f"'{key}' is not a list of values of the type {kind.__name__}", DAMAGED)
        return values

    def of_model(self, key: str, kind: type, *default):
        return self.get(f"{self.architecture}.{key}", kind, *default)

    def unused(self, prefix: str) -> list[str]:
        return [key for key in self.values if key.startswith(prefix) and key not in self.used]

    def shape(self, name: str) -> list[int]:
        """As PyTorch counts: the rows first."""
        return [int(size) for size in reversed(self.tensors[name].shape)]

    def load(self, name: str) -> np.ndarray:
        """A tensor in float32, de-quantised."""
        tensor = self.tensors[name]
        try:
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        except NotImplementedError as error:
            raise InputError(self.path, f"PyPI's gguf cannot de-quantise '{name}', which is {tensor.tensor_type.name}",
                             "Use a file of the same model with another quantisation, such as Q8_0.") from error
        if not np.isfinite(values).all():
            raise InputError(self.path, f"'{name}' holds values that are no finite numbers", DAMAGED)
        return values.reshape(self.shape(name))
