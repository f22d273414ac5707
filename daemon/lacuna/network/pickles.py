"""Read the pickle inside a PyTorch archive as data: nothing in it is imported, called or run.

A pickle is a small program. Here its `GLOBAL` never reaches Python's importer: a few names become
records of ours, the names of known training code become inert stand-ins that swallow whatever is
done to them, and any other name refuses the file.
"""

import io
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any, NamedTuple

from .headers import Shape, bad_weights

MAX_PICKLE_BYTES = 4 * 2**20  # a training state of big-lama needs about 1 MB
MAX_OPCODES = 1_000_000  # each makes up to 100 bytes of objects
MAX_NAMES = 10_000  # each makes a class of a kilobyte; a TorchScript of big-lama has about 700
MAX_TUPLES = 100  # inside each other: C code hashes them recursively, to the end of its stack

# Storage class of a pickle -> type of its items, by the names that torch gives them.
STORAGES = {
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "float64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
# Packages whose objects lie next to the weights in files of PyTorch and of Lightning.
INERT_PACKAGES = {
    "__torch__", "torch", "numpy", "collections", "typing", "omegaconf",
    "pytorch_lightning", "lightning", "lightning_fabric", "saicinpainting",
}  # fmt: skip
INERT_BUILTINS = {
    "object", "bool", "int", "float", "complex", "str", "bytes", "list", "tuple", "dict", "set",
}  # fmt: skip
INERT_NAMES = {"copyreg._reconstructor", "copy_reg._reconstructor", "_codecs.encode"}

_ERRORS = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError,
    MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip


class StoredNumbers(NamedTuple):
    """A run of numbers in the archive: its entry below `data/`, the type of its items, how many."""

    entry: str
    item: str
    length: int


class StoredTensor(NamedTuple):
    """Where to find a tensor; nothing of it is read yet. `offset` and `strides` count items."""

    storage: StoredNumbers
    offset: int
    shape: Shape
    strides: Shape


class Inert:
    """Stands for any other object of the file; keeps its state to look at and does nothing."""

    state: object = None

    def __new__(cls, *_arguments: object, **_keywords: object) -> "Inert":
        return object.__new__(cls)

    def __init__(self, *_arguments: object, **_keywords: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def append(self, _item: object) -> None:
        pass

    def extend(self, _items: object) -> None:
        pass

    def add(self, _item: object) -> None:
        pass


def read_pickle(path: Path, data: bytes) -> Any:
    """Return the object of a pickle, made of plain data, `StoredTensor` and `Inert`.

    Args:
        path: The file that the pickle comes from, for the error.
        data: The pickle.

    Raises:
        Unprocessable: If the pickle is damaged, too large, or names anything but known types.
    """
    if len(data) > MAX_PICKLE_BYTES:
        raise bad_weights(
            path, f"its pickle has {len(data):,} bytes, and at most {MAX_PICKLE_BYTES:,} are read"
        )
    try:
        _check_opcodes(data)
        return _Reader(path, data).load()
    except _ERRORS as error:
        raise bad_weights(path, f"its pickle is damaged ({type(error).__name__})") from None


class _Ordered(dict[Any, Any]):
    """Takes the place of OrderedDict; what a pickle sets on it beside its items is dropped."""

    __slots__ = ()

    def __setstate__(self, _state: object) -> None:
        pass


class _Reader(pickle.Unpickler):
    """An unpickler that resolves every name by itself."""

    def __init__(self, path: Path, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.path = path

    def find_class(self, module: str, name: str, /) -> Any:
        full = f"{module}.{name}"
        if full == "collections.OrderedDict":
            return _Ordered
        # Fresh functions: a pickle may set attributes on whatever it is given.
        if full == "torch._utils._rebuild_tensor_v2":
            return lambda *arguments: _stored_tensor(*arguments)
        if full == "torch._utils._rebuild_parameter":
            return lambda tensor, *_: tensor
        if module in ("torch", "torch.storage") and name in STORAGES:
            return STORAGES[name]
        package = module.partition(".")[0]
        if (
            package in INERT_PACKAGES
            or full in INERT_NAMES
            or (package in ("builtins", "__builtin__") and name in INERT_BUILTINS)
        ):
            return type(name, (Inert,), {})
        raise bad_weights(self.path, f"it asks to run {ascii(full)[1:-1][:80]}; nothing was run")

    def persistent_load(self, pid: Any, /) -> StoredNumbers:
        if not isinstance(pid, tuple) or len(pid) != 5 or pid[0] != "storage":
            raise pickle.UnpicklingError("not a storage")
        _, item, entry, _device, length = pid
        if item not in STORAGES.values() or not _is_count(length):
            raise pickle.UnpicklingError("not a storage")
        if not isinstance(entry, str) or not re.fullmatch(r"[0-9]{1,20}", entry):
            raise pickle.UnpicklingError("not a storage")
        return StoredNumbers(entry, item, length)


def _stored_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: object) -> StoredTensor:
    """Take the place of torch's rebuild function, with the same first four arguments."""
    if not isinstance(storage, StoredNumbers) or not isinstance(shape, tuple):
        raise pickle.UnpicklingError("not a tensor")
    if not isinstance(strides, tuple) or len(strides) != len(shape) or len(shape) > 8:
        raise pickle.UnpicklingError("not a tensor")
    if not all(_is_count(number) for number in (offset, *shape, *strides)):
        raise pickle.UnpicklingError("not a tensor")
    return StoredTensor(storage, offset, shape, strides)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**40


def _check_opcodes(data: bytes) -> None:
    """Walk the program without running it: its lengths, indexes and depth must fit its size.

    `pickletools` reads every argument in full; the unpickler makes room for what is claimed.
    """
    names = 0
    depths: list[int] = []  # of the tuples on the stack; a mark is below 0
    memo: dict[int, int] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        name = opcode.name
        names += name in ("GLOBAL", "STACK_GLOBAL", "INST")
        if count > MAX_OPCODES or names > MAX_NAMES:
            raise pickle.UnpicklingError("more steps or names than any weights need")
        if name in ("PUT", "BINPUT", "LONG_BINPUT"):
            # The unpickler's memo is an array: an index of four billion would be room for as many.
            if int(argument or 0) > len(data):
                raise pickle.UnpicklingError("a memo index beyond the pickle")
            memo[int(argument or 0)] = depths[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = depths[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            depths.append(memo[int(argument or 0)])
        elif name == "DUP":
            depths.append(depths[-1])
        else:
            taken = _take(depths, opcode.stack_before)
            depth = 1 + max(taken, default=0) if name.startswith("TUPLE") else 0
            if depth > MAX_TUPLES:
                raise pickle.UnpicklingError("tuples too deep inside each other")
            made = opcode.stack_after
            depths += [-1 if each is pickletools.markobject else depth for each in made]


def _take(depths: list[int], before: list[pickletools.StackObject]) -> list[int]:
    """Take from the stack what an opcode takes: a few objects, or all down to the last mark."""
    taken = []
    if pickletools.stackslice in before:
        while (depth := depths.pop()) >= 0:
            taken.append(depth)
        before = before[: before.index(pickletools.markobject)]
    for _ in before:
        taken.append(depths.pop())
    return taken
