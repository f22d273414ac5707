"""Archives that claim more than they are: none takes more memory than its own size, or a process.

Each is imported in a process of its own that may have 200 MiB more than it needs to begin with.
"""

import json
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
import torch

from lacuna.network import pickles
from lacuna.network.checkpoints import read_checkpoint
from lacuna.network.headers import read_header
from lacuna_wire import LacunaError
from tests.network.test_checkpoints import rewrite, safetensors_file

MIB = 2**20
ROOM = 200 * MIB
# What it prints is what a user reads; `resource` is there wherever this suite limits memory.
IMPORT = f"""
import resource, sys
from pathlib import Path
import torch
from lacuna.network.checkpoints import import_weights
from lacuna_wire import LacunaError
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + {ROOM}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    print(import_weights(Path(sys.argv[1]), "hostile").size_bytes)
except LacunaError as error:
    print(error)
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits memory with RLIMIT_AS")


def import_in_little_memory(path):
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT, str(path)], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.strip()


class Run:
    """A run of float32 in the archive, as a pickle names it."""

    def __init__(self, entry, length, item=torch.FloatStorage):
        self.name = ("storage", item, entry, "cpu", length)


class Tensor:
    """A tensor of numbers in a run, as a pickle names it."""

    def __init__(self, run, shape):
        self.run, self.shape = run, tuple(shape)

    def __reduce__(self):
        strides = torch.empty(self.shape, device="meta").stride()
        return torch._utils._rebuild_tensor_v2, (self.run, 0, self.shape, strides, False, {})


class Pickler(pickle.Pickler):
    def persistent_id(self, found):
        return found.name if isinstance(found, Run) else None


def pickled(state, path):
    with path.open("wb") as file:
        Pickler(file, protocol=2).dump({"state_dict": state})
    return path.read_bytes()


def overlapping_zip(path, program, names, hole_bytes, file_bytes):
    """A zip whose entries all begin in another place and have the same bytes, one hole."""
    begin, headers, directory = 60_000, {}, b""
    with path.open("wb") as file:
        for entry in ["a/data.pkl", *names]:
            at = file.tell()
            data = program if entry.endswith(".pkl") else b""
            name, crc = entry.encode(), zlib.crc32(data)
            extra, size = 0, len(data)
            if not data:
                size, crc = hole_bytes, zlib.crc32(bytes(hole_bytes))
                extra = begin - at - 30 - len(name)
            sizes = (crc, size, size, len(name))
            file.write(struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, *sizes, extra) + name)
            file.write(data)
            headers[name] = (sizes, at)
        assert file.tell() < begin
        file.truncate(file_bytes)
        file.seek(file_bytes)
        for name, (sizes, at) in headers.items():
            directory += struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, *sizes, 0, 0, 0, 0, 0, at
            )
            directory += name
        counts = (len(headers), len(headers), len(directory), file_bytes, 0)
        file.write(directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *counts))
    return path


def overlapping_state(generator, tmp_path, hole_bytes, size):
    shapes = {name: tensor.shape for name, tensor in generator.state_dict().items()}
    shapes = {name: shape for name, shape in shapes.items() if "num_batches" not in name}
    length = hole_bytes // 4
    state = {n: Tensor(Run(str(i), length), s) for i, (n, s) in enumerate(shapes.items())}
    program = pickled({f"generator.{name}": one for name, one in state.items()}, tmp_path / "pkl")
    names = [f"a/data/{number}" for number in range(len(state))]
    return overlapping_zip(tmp_path / "overlap.pt", program, names, hole_bytes, size)


@linux
def test_entries_that_share_one_hole_are_refused_in_little_memory(generator, tmp_path):
    """Every entry alone is sound, checksum and all; together they would be 130 times the file."""
    path = overlapping_state(generator, tmp_path, 64 * MIB, 65 * MIB)
    with zipfile.ZipFile(path) as archive:
        assert len({entry.header_offset for entry in archive.infolist()}) > 30
        assert archive.read("a/data/3") == bytes(64 * MIB)  # Python's own reader takes it
    assert path.stat().st_blocks * 512 < MIB

    said = import_in_little_memory(path)

    assert said.startswith("overlap.pt cannot be used as weights: its entries claim 8,")
    assert said.endswith(f"bytes, but the file has {path.stat().st_size:,}.")


def test_entries_that_overlap_are_refused_even_if_they_sum_to_less_than_the_file(
    generator, tmp_path
):
    path = overlapping_state(generator, tmp_path, 65_536, 16 * MIB)

    with pytest.raises(LacunaError, match=r"its entry a/data/\d+ shares [0-9,]+ bytes with what"):
        read_checkpoint(path)


def test_entry_that_is_claimed_as_two_kinds_of_numbers_is_refused(generator, tmp_path):
    """Each claim would be read into memory of its own, up to eight times the file."""
    shapes = {name: tensor.shape for name, tensor in generator.state_dict().items()}
    kinds = ((torch.FloatStorage, 1000), (torch.HalfStorage, 2000))
    state = {
        f"generator.{name}": Tensor(Run("0", kinds[at % 2][1], kinds[at % 2][0]), shape)
        for at, (name, shape) in enumerate(shapes.items())
        if "num_batches" not in name and shape.numel() <= 1000
    }
    others = {
        f"generator.{name}": Tensor(Run("1", shape.numel()), shape)
        for name, shape in shapes.items()
        if "num_batches" not in name and shape.numel() > 1000
    }
    path = tmp_path / "two.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", pickled({**state, **others}, tmp_path / "pkl"))
        archive.writestr("a/data/0", bytes(4000))

    with pytest.raises(LacunaError, match="its entry 0 is claimed as two kinds of numbers"):
        read_checkpoint(path)


@linux
def test_directory_is_measured_before_it_is_parsed(weights_files, tmp_path):
    """Parsed, it would take sixteen times its size; what is measured is what the library reads."""
    path = tmp_path / "many.pt"
    data = bytearray((weights_files / "w.pt").read_bytes())
    end = data.rindex(b"PK\5\6")
    begin = struct.unpack("<L", data[end + 16 : end + 20])[0]
    one = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *[0] * 4, 0, 0, 0, 4, *[0] * 6) + b"name"
    directory = bytes(data[begin:end]) + one * 500_000
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(directory), begin, 0)
    path.write_bytes(bytes(data[:begin]) + directory + tail)

    assert import_in_little_memory(path) == (
        f"many.pt cannot be used as weights: its zip directory has {len(directory):,} bytes, and "
        "at most 2,097,152 are read."
    )


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("objects", b"\x80\x02(" + b"]" * 4_000_000 + b"l."),
        ("names", b"\x80\x02(" + b"cnumpy\nx\n" * 400_000 + b"l."),
        ("tuples", b"\x80\x02})" + b"\x85" * 900_000 + b"K\x01s."),
        ("tuples out of the memo", b"\x80\x02})q\x00" + b"0h\x00\x85q\x00" * 900_000 + b"K\x01s."),
    ],
)
@linux
def test_pickle_that_swells_or_recurses_is_a_sentence(name, program, weights_files, tmp_path):
    path = tmp_path / "swollen.pt"
    rewrite(weights_files / "w.pt", path, {"/data.pkl": program[: pickles.MAX_PICKLE_BYTES]})

    said = import_in_little_memory(path)

    reason = "its pickle is damaged (UnpicklingError)"  # and not that memory ran out
    assert said == f"swollen.pt cannot be used as weights: {reason}.", name


class Overwriting:
    """A state whose methods are data: `items`, `get` and what else is called on it."""

    def __reduce__(self):
        from collections import OrderedDict

        named = dict.fromkeys(("items", "get", "keys", "values", "__class__"), "not a function")
        return OrderedDict, (), named, None, iter([("state_dict", 5)])


def test_pickle_that_overwrites_the_methods_of_its_state_is_a_sentence(
    make_training_state, generator
):
    """What is set on a state beside its items is dropped: Lightning sets `_metadata` itself."""
    with pytest.raises(LacunaError, match="it holds no network that Lacuna knows"):
        read_checkpoint(make_training_state(state_dict=Overwriting()))
    program = pickle.dumps(Overwriting(), 2)

    assert pickles.read_pickle(Path("f"), program).items() == {("state_dict", 5)}


@pytest.mark.parametrize(
    "head",
    [
        b'{"a":{"dtype":"F32","shape":[' + b"0," * 2_000_000 + b'0],"data_offsets":[0,0]}}',
        json.dumps({str(n): {"dtype": "F32", "shape": [], "data_offsets": [0, 0]}
                    for n in range(70_000)}).encode(),
        b"{" + b",".join(b'"%d":[]' % number for number in range(400_000)) + b"}",
    ],
    ids=["sides", "tensors", "entries"],
)  # fmt: skip
def test_head_of_safetensors_swells_to_no_more_than_a_hundred_megabytes(head, tmp_path):
    path = safetensors_file(tmp_path / "h.safetensors", head[: 4 * MIB], bytes(100))
    tracemalloc.start()
    try:
        with pytest.raises(LacunaError):
            read_header(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < 100 * MIB
