"""Three kinds of files give the same tensors; everything else is refused and nothing is run."""

import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch

from lacuna.network import pickles
from lacuna.network.catalogue import find_weights
from lacuna.network.checkpoints import import_weights, read_checkpoint, to_safetensors
from lacuna.network.published import PUBLISHED, Published
from lacuna_wire import LacunaError

KINDS = {"w.safetensors": "safetensors", "w.pt": "TorchScript", "w.ckpt": "training state"}
LAYER = "model.2.ffc.convl2l.weight"


@pytest.fixture
def refuse(weights_home):
    """Import a file, which must fail with one sentence of its name, and leave nothing behind."""

    def check(path, reason):
        with pytest.raises(LacunaError, match=reason) as caught:
            import_weights(path, "hostile")
        assert caught.value.code == "bad_weights"
        assert caught.value.status == 422
        assert path.name in caught.value.message
        assert "\n" not in caught.value.message
        assert caught.value.message.endswith(".")
        assert not weights_home.exists()

    return check


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


class Evil:
    """Unpickled by Python itself, it makes the folder `path`."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_gives_exactly_the_tensors_that_went_in(name, weights_files, generator):
    checkpoint = read_checkpoint(weights_files / name)

    expected = generator.state_dict()
    assert checkpoint.kind == KINDS[name]
    assert checkpoint.dimensions == {"width": 4, "blocks": 2}
    assert list(checkpoint.tensors) == list(expected)
    for key, tensor in checkpoint.tensors.items():
        assert tensor.dtype == expected[key].dtype
        assert torch.equal(tensor, expected[key])


@pytest.mark.parametrize("name", KINDS)
def test_imported_weights_are_the_same_again_when_they_are_loaded(name, weights_files, generator):
    info = import_weights(weights_files / name, "mine")

    tensors = read_checkpoint(find_weights("mine").path).tensors
    assert all(torch.equal(tensors[key], t) for key, t in generator.state_dict().items())
    assert info == find_weights("mine")
    assert (info.input, info.output, info.licence) == ("masked", "picture", "unknown")
    assert KINDS[name] in info.metadata["how"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_it_is(dtype, make_weights):
    def halve(tensors):
        tensors.update({name: tensor.to(dtype) for name, tensor in tensors.items()})

    assert read_checkpoint(make_weights(change=halve)).tensors[LAYER].dtype == dtype


@pytest.mark.parametrize("prefix", ["", "generator.", "model.", "model.generator.", "model.model."])
def test_names_may_stand_behind_what_other_programs_put_there(prefix, make_weights, generator):
    def nest(tensors):
        whole = {f"{prefix}{name}": tensor for name, tensor in tensors.items()}
        tensors.clear()
        tensors.update(whole)

    tensors = read_checkpoint(make_weights(change=nest)).tensors

    assert all(torch.equal(tensors[key], t) for key, t in generator.state_dict().items())


@pytest.mark.parametrize("name", KINDS)
def test_one_input_gives_one_file_whatever_it_is_called(name, weights_files, tmp_path):
    digests = set()
    for number in range(4):
        copy = tmp_path / f"copy-{number}-of-{name}"
        copy.write_bytes((weights_files / name).read_bytes())
        info = import_weights(copy, f"number-{number}", {"a": "1", "b": "2", "c": "3", "d": "4"})
        digests.add(info.sha256)
    assert len(digests) == 1

    # And what was imported once stays the same when it is imported again.
    assert import_weights(info.path, "again").sha256 == info.sha256


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_written_file_is_what_the_format_s_own_library_reads(dtype, generator, tmp_path):
    tensors = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in generator.state_dict().items()
    }
    path, words = tmp_path / "written.safetensors", {"how": "drawn ä", "a": ""}
    path.write_bytes(to_safetensors(tensors, words))

    read = safetensors.torch.load_file(path)
    assert set(read) == set(tensors)
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert read[name].shape == tensor.shape
        assert torch.equal(read[name], tensor)
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata() == words


def test_counters_of_any_type_are_imported(make_training_state, generator):
    state = {
        f"generator.{name}": tensor.int() if name.endswith("num_batches_tracked") else tensor
        for name, tensor in generator.state_dict().items()
    }

    info = import_weights(make_training_state(state_dict=state), "mine")

    tensors = read_checkpoint(info.path).tensors
    assert all(torch.equal(tensors[key], t) for key, t in generator.state_dict().items())


def test_words_of_the_file_are_kept_and_words_of_the_caller_win(make_weights):
    words = {"input": "guided", "output": "residual", "trained_px": "128", "licence": "CC0-1.0"}
    info = import_weights(make_weights(metadata=words), "mine", {"licence": "MIT"})

    assert (info.role, info.output, info.trained_px, info.licence) == (
        "corrects", "residual", 128, "MIT",
    )  # fmt: skip


def test_published_file_is_known_by_its_digest(weights_files, monkeypatch):
    import hashlib

    path = weights_files / "w.pt"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    published = Published("https://github.com/a", 1, digest, "", "Apache-2.0", "somebody's paper")
    monkeypatch.setitem(PUBLISHED, "big-lama", published)

    info = import_weights(path, "mine")

    assert info.licence == "Apache-2.0"
    assert info.metadata["source"] == "somebody's paper"


def test_counters_of_training_may_be_missing(make_weights):
    def drop(tensors):
        for name in [name for name in tensors if name.endswith("num_batches_tracked")]:
            del tensors[name]

    assert (
        read_checkpoint(make_weights(change=drop)).tensors["model.1.bn_l.num_batches_tracked"] == 0
    )


CHANGES = {
    "a tensor is missing": (lambda t: t.pop(LAYER), "1 tensors are missing.*" + LAYER),
    "a tensor too many": (lambda t: t.update(extra=torch.ones(1)), "do not belong there.*extra"),
    "a shape is wrong": (lambda t: t.update({LAYER: torch.ones(8, 4, 3, 5)}), "has the shape"),
    "a number is NaN": (lambda t: t[LAYER].__setitem__((0, 0, 0, 0), torch.nan), "not finite"),
    "a number is infinite": (lambda t: t[LAYER].__setitem__((0, 0, 0, 0), torch.inf), "1 numbers"),
    "a variance is negative": (
        lambda t: t.update({"model.1.bn_l.running_var": -torch.ones(4)}),
        "variance below 0",
    ),
    "numbers are double": (lambda t: t.update({LAYER: t[LAYER].double()}), "float64"),
    "no block": (
        lambda t: [t.pop(n) for n in list(t) if ".conv1.ffc.convl2l" in n],
        r"no network that Lacuna knows \(LaMa\)",
    ),
    "a block is missing": (
        lambda t: [t.pop(n) for n in list(t) if n.startswith("model.5.")],
        "tensors are missing",
    ),
    "another network": (
        lambda t: (t.clear(), t.update(weight=torch.ones(3))),
        "it holds no network that Lacuna knows",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_weights_that_are_not_whole_are_refused(change, make_weights, generator, refuse):
    alter, reason = CHANGES[change]

    def copy_and_alter(tensors):
        tensors.update({name: tensor.clone() for name, tensor in tensors.items()})
        alter(tensors)

    refuse(make_weights(change=copy_and_alter), reason)


@pytest.mark.parametrize("change", ["a shape is wrong", "a number is NaN", "a tensor is missing"])
def test_training_states_are_checked_like_safetensors(change, generator, tmp_path, refuse):
    alter, reason = CHANGES[change]
    tensors = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    alter(tensors)
    path = tmp_path / "made.ckpt"
    torch.save({"state_dict": {f"generator.{n}": t for n, t in tensors.items()}}, path)

    refuse(path, reason)


def test_two_generators_in_one_file_are_refused(make_training_state, generator, refuse):
    state = generator.state_dict()
    both = {**state, **{f"generator.{name}": tensor for name, tensor in state.items()}}

    refuse(make_training_state(state_dict=both), "2 networks instead of one")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused_with_one_sentence(name, part, weights_files, tmp_path, refuse):
    data = (weights_files / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])

    refuse(path, "cannot be used as weights")


@pytest.mark.parametrize("name", ["w.pt", "w.ckpt"])
def test_flipped_bit_in_an_archive_is_refused(name, weights_files, tmp_path, refuse):
    path = tmp_path / name
    with zipfile.ZipFile(weights_files / name) as archive:
        largest = max(
            (entry for entry in archive.infolist() if "/data/" in entry.filename),
            key=lambda entry: entry.file_size,
        )
    data = bytearray((weights_files / name).read_bytes())
    data[largest.header_offset + largest.file_size // 2] ^= 1
    path.write_bytes(data)

    refuse(path, "is damaged")


def test_files_of_other_kinds_are_refused(tmp_path, refuse):
    (tmp_path / "text.safetensors").write_text("These are not the weights you are looking for.")
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"state_dict": {}}))
    with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
        archive.writestr("readme.txt", "hello")

    refuse(tmp_path / "text.safetensors", "neither safetensors nor a PyTorch archive")
    refuse(tmp_path / "empty.safetensors", "it is empty")
    refuse(tmp_path / "folder", "not a regular file")
    refuse(tmp_path / "pipe", "not a regular file")
    refuse(tmp_path / "old.pth", "neither safetensors nor a PyTorch archive")
    refuse(tmp_path / "zip.pt", "not one that PyTorch wrote")
    refuse(tmp_path / "nowhere", "No such file")


# Pickles


def test_canary_works(canary):
    """Otherwise the tests below would prove nothing."""
    pickle.loads(pickle.dumps(Evil(canary)))

    assert canary.exists()


def test_pickle_in_a_training_state_is_not_run(make_training_state, canary, refuse):
    refuse(make_training_state(callbacks=Evil(canary)), r"asks to run (posix|nt)\.mkdir")

    assert not canary.exists()


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_in_a_torchscript_file_is_not_run(protocol, weights_files, tmp_path, canary, refuse):
    path = tmp_path / "evil.pt"
    evil = pickle.dumps(Evil(canary), protocol)
    rewrite(weights_files / "w.pt", path, {"/data.pkl": evil})

    refuse(path, r"asks to run (posix|nt)\.mkdir")
    assert not canary.exists()


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.eval", "builtins.getattr", "__builtin__.exec", "nt.system", "sys.exit"],
)
def test_names_that_are_not_expected_refuse_the_file(name):
    module, _, function = name.rpartition(".")

    with pytest.raises(LacunaError, match=f"asks to run {name}"):
        pickles.read_pickle(Path("f"), f"c{module}\n{function}\n.".encode())


@pytest.mark.parametrize("name", ["torch.hub.load", "numpy.load", "typing.get_type_hints"])
def test_names_of_training_code_are_inert_whatever_is_done_to_them(name):
    module, _, function = name.rpartition(".")
    program = f"c{module}\n{function}\n(S'argument'\ntR}}(S'key'\nS'value'\nub.".encode()

    content = pickles.read_pickle(Path("f"), program)

    assert isinstance(content, pickles.Inert)
    assert content.state == {"key": "value"}


@pytest.mark.parametrize(
    "program",
    [
        b"\x96" + struct.pack("<Q", 2**40) + b".",  # BYTEARRAY8 makes room before it reads
        b"Nr" + struct.pack("<I", 2**32 - 1) + b".",  # a memo of four billion places
        b"\x8e" + struct.pack("<Q", 2**60) + b".",  # BINBYTES8 of an exabyte
        b"Np4000000000\n.",
        b"\x82\x01.",
        b"(((((.",
        b"R.",
        b"",
        b"\xff",
        b"ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))NNtR.",
        b"ctorch\nFloatStorage\n(tR.",
        b"(S'storage'\nS'float32'\nS'../../etc/passwd'\nS'cpu'\nK\x01tQ.",
        b"(S'storage'\nS'float32'\nS'0'\nS'cpu'\nJ\xff\xff\xff\xfftQ.",
    ],
)
def test_malformed_pickle_is_refused_without_making_room_for_it(program):
    with pytest.raises(LacunaError, match="its pickle is damaged"):
        pickles.read_pickle(Path("f"), program)


def test_module_that_contains_itself_is_refused(weights_files, tmp_path, refuse):
    path = tmp_path / "loop.pt"
    loop = b"\x80\x02c__torch__\nLoop\n)\x81q\x00}X\x01\x00\x00\x00ah\x00sb."
    rewrite(weights_files / "w.pt", path, {"/data.pkl": loop})

    refuse(path, "levels")


# Sizes that are only claimed


def rewrite(source, target, replaced=None, compression=zipfile.ZIP_STORED):
    """Copy an archive, with other bytes for the entries that end like the keys of `replaced`."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            data = old.read(entry)
            for ending, other in (replaced or {}).items():
                data = other if entry.filename.endswith(ending) else data
            new.writestr(entry.filename, data)


@pytest.mark.parametrize("name", ["w.pt", "w.ckpt"])
def test_compressed_archive_is_refused_before_it_swells(name, weights_files, tmp_path, refuse):
    path = tmp_path / name
    bomb = {"/data.pkl": bytes(50_000_000)}
    rewrite(weights_files / name, path, bomb, zipfile.ZIP_DEFLATED)

    assert path.stat().st_size < 1_000_000
    refuse(path, "compressed")


def test_large_pickle_is_refused(weights_files, tmp_path, refuse):
    path = tmp_path / "large.pt"
    rewrite(weights_files / "w.pt", path, {"/data.pkl": bytes(17_000_000)})

    refuse(path, "17,000,000 bytes")


def test_tensor_that_repeats_one_number_cannot_claim_more_than_the_file_has(
    make_training_state, refuse
):
    """The shapes of a huge network cost nothing to claim: strides of 0 read one number."""
    with torch.device("meta"):
        from lacuna.network.architectures.lama.generator import Generator

        huge = Generator(256, 64).state_dict()
    one = torch.zeros(1)
    claimed = {f"generator.{n}": one.expand(t.shape) for n, t in huge.items() if t.ndim}

    refuse(make_training_state(state_dict=claimed), r"its tensors claim [0-9,]{14,} bytes")


def test_numbers_beyond_their_storage_are_refused(weights_files, tmp_path, refuse):
    path = tmp_path / "short.ckpt"
    rewrite(weights_files / "w.ckpt", path, {"/data/0": b"\0" * 4})

    refuse(path, "has 4 bytes instead of")


def test_archive_of_the_other_byte_order_is_refused(weights_files, tmp_path, refuse):
    path = tmp_path / "big.ckpt"
    rewrite(weights_files / "w.ckpt", path, {"/byteorder": b"big"})

    refuse(path, "not little endian")


def safetensors_file(path, head, body=b"", length=None):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


ENTRY = {"dtype": "F32", "shape": [4, 4, 7, 7], "data_offsets": [0, 3136]}
HEADS = {
    "head of an exabyte": (b"{}", 2**60, "neither safetensors"),
    "head of 5 MB": (b" " * 5_000_000, None, "neither safetensors"),
    "no JSON": (b"nonsense", None, "not valid JSON"),
    "JSON nested 100,000 deep": (b"[" * 100_000, None, "not valid JSON"),
    "a list": ([], None, "not a JSON object"),
    "a key twice": (b'{"a":1,"a":2}', None, "not valid JSON"),
    "metadata of numbers": ({"__metadata__": {"trained_px": 128}}, None, "not text"),
    "metadata of no kind": ({"__metadata__": None}, None, "not text"),
    "entry without a shape": ({"a": {"dtype": "F32"}}, None, "describes a wrongly"),
    "entry that is none": ({"a": 7}, None, "describes a wrongly"),
    "shape below 0": ({"a": {**ENTRY, "shape": [-1, 4]}}, None, "describes a wrongly"),
    "shape of truth": ({"a": {**ENTRY, "shape": [True]}}, None, "describes a wrongly"),
    "type unknown": ({"a": {**ENTRY, "dtype": "Q7"}}, None, "unknown type Q7"),
    "type that is none": ({"a": {**ENTRY, "dtype": ["F32"]}}, None, "unknown type"),
    "more numbers than bytes": ({"a": {**ENTRY, "shape": [2**40]}}, None, "do not match its shape"),
    "bytes beyond the end": ({"a": ENTRY}, None, "it has [0-9,]+ bytes instead of [0-9,]+;"),
    "bytes used twice": ({"a": ENTRY, "b": ENTRY}, None, "do not match its shape"),
    "bytes left out": ({"a": {**ENTRY, "data_offsets": [4, 3140]}}, None, "do not match its shape"),
}


@pytest.mark.parametrize("case", HEADS)
def test_hostile_safetensors_head_is_refused(case, tmp_path, refuse):
    head, length, reason = HEADS[case]

    refuse(safetensors_file(tmp_path / "h.safetensors", head, bytes(100), length), reason)


def test_network_of_absurd_size_is_refused(make_weights, refuse):
    def widen(tensors):
        tensors["model.1.ffc.convl2l.weight"] = torch.ones(1000, 4, 7, 7)

    refuse(
        make_weights(change=widen),
        "width 1,000, blocks 2, and at most width 256, blocks 64 can be used",
    )


@pytest.mark.parametrize(
    "words",
    [
        {"input": "both"},
        {"output": "residual"},
        {"output": "fill", "input": "guided"},
        {"trained_px": "0"},
        {"trained_px": "12.5"},
        {"max_hole_radius_px": "-3"},
        {"max_hole_radius_px": "99999999999"},
    ],
)
def test_metadata_that_are_not_understood_are_refused(words, make_weights, refuse):
    refuse(make_weights(metadata=words), "not possible|not a number")


def test_files_are_never_unpickled_by_torch(weights_files, monkeypatch):
    def forbidden(*_arguments, **_keywords):
        raise AssertionError("the file was given to torch's own loader")

    for owner, name in ((torch, "load"), (torch.jit, "load"), (pickle, "loads"), (pickle, "load")):
        monkeypatch.setattr(owner, name, forbidden)

    for name in KINDS:
        read_checkpoint(weights_files / name)


def test_bytes_that_do_not_reach_the_disk_leave_nothing(weights_files, weights_home, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(LacunaError, match="no room for mine") as caught:
        import_weights(weights_files / "w.pt", "mine")
    assert caught.value.code == "no_space"
    assert not [path for path in weights_home.iterdir() if not path.name.startswith(".index")]
