"""The arrows of docs/architecture.md, checked: who may import whom, and what stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DAEMON = ROOT / "daemon/lacuna"
GIMP = ROOT / "gimp_plugin/lacuna-gimp"
KRITA = ROOT / "krita_plugin/lacuna_krita"

MOST_LINES = 300
# Parts of the daemon that must not know each other.
STRANGERS = {"service", "engine", "network", "files", "desktop"}
# Where the parts meet, and nowhere else.
MEETING_POINTS = {
    "batch",
    "cli",
    "commands",
    "estimate",
    "filler",
    "removal",
    "worker",
    "__main__",
    "__init__",
}
# What any of them may know.
COMMON = {"compiling", "graphics", "machine", "network_facts", "samples", "system"}
# Library -> the parts of the daemon in which it stays.
ONLY_IN = {
    "aiohttp": {"service"},
    "torch": {"network", "engine"},
    "numba": {"compiling"},
    "safetensors": {"network"},
    "tifffile": {"files"},
    "imagecodecs": {"files"},
    "PIL": {"files"},
    "click": {"cli", "commands"},
    "rich": {"commands"},
    "psutil": {"machine", "system", "desktop", "commands"},
    "filelock": {"system"},
}


def imports(path):
    """Dotted names of every absolute import in a file, also of those inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part_of(path):
    """The daemon's part that a file belongs to: `engine`, `cli`, ..."""
    return path.relative_to(DAEMON).parts[0].removesuffix(".py")


def test_wire_imports_the_standard_library_only():
    for path in (ROOT / "shared/lacuna_wire").rglob("*.py"):
        tops = {name.partition(".")[0] for name in imports(path)}
        assert tops <= sys.stdlib_module_names, path


@pytest.mark.parametrize("folder", [ROOT / "shared/lacuna_wire", GIMP, KRITA], ids=str)
def test_what_runs_inside_editors_is_python_3_8(folder):
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"), feature_version=(3, 8))):
            # Types that only later versions can evaluate: `list[int]`, `int | None`.
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                assert node.value.id not in {"list", "dict", "tuple", "set", "deque"}, path
            for named in ("annotation", "returns"):
                assert not isinstance(getattr(node, named, None), ast.BinOp), (path, node.lineno)
        assert "collections.abc" not in imports(path), path


def test_gimp_plugin_imports_the_standard_library_gimp_and_the_wire_only():
    for path in GIMP.rglob("*.py"):
        if "_vendor" in path.parts:
            continue
        tops = {name.partition(".")[0] for name in imports(path)}
        assert tops <= sys.stdlib_module_names | {"gi", "lacuna_wire", "lacuna_gimp"}, path


# Files of the GIMP plug-in that touch layers or their pixels.
GIMP_PIXELS = {"buffers.py", "layers.py", "layer_work.py", "mixing.py"}


def test_pixels_of_gimp_stay_where_they_are_named():
    """Files of layers and pixels may name them; who talks to the daemon knows no GIMP at all."""
    for path in (GIMP / "lacuna_gimp").rglob("*.py"):
        words = {
            getattr(node, "attr", getattr(node, "id", None))
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        }
        pixels = words & {"Gegl", "Babl", "get_buffer", "insert_layer", "get_offsets"}
        assert bool(pixels) == (path.name in GIMP_PIXELS), path
    for name in ("inpaint", "guard"):
        assert not {"gi", "gi.repository"} & imports(GIMP / "lacuna_gimp" / f"{name}.py")


def test_krita_plugin_imports_the_standard_library_krita_qt_and_the_wire_only():
    for path in KRITA.rglob("*.py"):
        if "_vendor" in path.parts:
            continue
        tops = {name.partition(".")[0] for name in imports(path)}
        assert tops <= sys.stdlib_module_names | {
            "krita",
            "pykrita",
            "PyQt5",
            "PyQt6",
            "lacuna_wire",
        }
        # Which Qt it is, only one file knows; who talks to the daemon knows no Krita.
        assert bool(tops & {"PyQt5", "PyQt6"}) == (path.name == "qt.py"), path
    for name in ("fill_thread", "landmarks", "rows"):
        assert "krita" not in imports(KRITA / f"{name}.py")


def test_pixels_of_krita_stay_in_few_files():
    """Those that read, mix, convert and place them, and those that look at masks."""
    named = ("document", "layers", "mixing", "colours", "placing", "copy_mask", "selections")
    for path in KRITA.rglob("*.py"):
        words = {
            getattr(node, "attr", getattr(node, "id", None))
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        }
        pixels = words & {"pixelData", "setPixelData", "projectionPixelData", "addChildNode"}
        assert bool(pixels) == (path.stem in named), path


@pytest.mark.parametrize("part", sorted(STRANGERS))
def test_parts_of_the_daemon_do_not_know_each_other(part):
    others = STRANGERS - {part}
    for path in (DAEMON / part).rglob("*.py"):
        known = {name.split(".")[1] for name in imports(path) if name.startswith("lacuna.")}
        assert not known & (others | MEETING_POINTS), path


def test_parts_meet_only_where_they_should():
    parts = {part_of(path) for path in DAEMON.rglob("*.py")}
    assert parts == STRANGERS | MEETING_POINTS | COMMON
    allowed = sys.stdlib_module_names | {"numba", "numpy", "psutil", "filelock", "lacuna_wire"}
    for path in DAEMON.rglob("*.py"):
        if part_of(path) in COMMON:
            assert {found.partition(".")[0] for found in imports(path)} <= allowed, path


def test_a_batch_knows_files_and_the_removal_of_one_picture_and_no_more_of_the_daemon():
    for path in (DAEMON / "batch").rglob("*.py"):
        known = {name.split(".")[1] for name in imports(path) if name.startswith("lacuna.")}
        assert known <= {"files", "machine", "removal"}, path


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_library_stays_in_its_part(library):
    users = {
        part_of(path)
        for path in DAEMON.rglob("*.py")
        if library in {name.partition(".")[0] for name in imports(path)}
    }
    assert users <= ONLY_IN[library]
    assert users, f"nothing uses {library} any more"


def test_the_engine_needs_torch_for_gpus_only():
    users = {path.name for path in (DAEMON / "engine").rglob("*.py") if "torch" in imports(path)}
    assert users == {"pytorch.py"}


@pytest.mark.parametrize(
    ("start", "absent"),
    [
        ("lacuna.cli", {"torch", "numpy", "numba", "cv2", "aiohttp", "rich", "tifffile"}),
        ("lacuna.cli", {"psutil", "filelock", "ctypes", "platformdirs"}),
        ("lacuna.service.serve", {"torch", "numpy", "cv2", "rich"}),
        ("lacuna.engine.inpaint", {"torch", "aiohttp"}),
        ("lacuna.engine.geometry.context", {"torch", "numpy", "cv2", "aiohttp"}),
        ("lacuna.removal", {"torch", "numba", "aiohttp"}),
        ("lacuna.batch.run", {"torch", "numba", "aiohttp", "rich", "click"}),
        ("lacuna.network.catalogue", {"torch"}),
    ],
)
def test_light_modules_load_nothing_heavy(start, absent):
    code = f"import sys, {start}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not absent & set(run.stdout.split())


def test_benchmarks_and_training_know_the_engine_through_one_file():
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("benchmarks", "training")
        for path in (ROOT / folder).rglob("*.py")
        if any(name.startswith("lacuna.engine") for name in imports(path))
    }

    assert users == {"benchmarks/workbench.py"}


def test_no_file_is_named_after_nothing():
    names = {path.stem for path in [*DAEMON.rglob("*.py"), *(ROOT / "shared").rglob("*.py")]}

    assert not names & {"utils", "util", "helpers", "common", "misc", "base"}


def test_no_cycle_among_the_modules_of_the_daemon():
    """Relative imports count too; depth-first search over the modules."""
    graph = {}
    for path in DAEMON.rglob("*.py"):
        package = path.relative_to(DAEMON).parent.parts
        module = ".".join((*package, path.stem)) if path.stem != "__init__" else ".".join(package)
        targets = set()
        for node in ast.parse(path.read_text("utf-8")).body:  # inside functions is not at load
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package[: len(package) - node.level + 1]
                found = ".".join((*base, node.module)) if node.module else ""
                targets |= {found} if found else {".".join((*base, a.name)) for a in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module.startswith("lacuna."):
                targets.add(node.module.removeprefix("lacuna."))
        graph[module] = targets

    def visit(module, trail):
        assert module not in trail, " -> ".join([*trail, module])
        if module not in done:
            for target in graph.get(module, ()):
                visit(target, [*trail, module])
            done.add(module)

    done = set()
    for module in graph:
        visit(module, [])
    assert len(done) >= len(graph)


def test_no_two_public_classes_share_a_name():
    """A reader of `Plan` or `Settings` should not have to ask which one it is."""
    places = {}
    for folder in (DAEMON, ROOT / "shared", GIMP, KRITA):
        for path in folder.rglob("*.py"):
            if "_vendor" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())

    assert not {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("folder", ["daemon", "shared", "gimp_plugin", "krita_plugin"])
def test_no_file_is_too_long_to_be_read_in_one_go(folder):
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
        if not {"_vendor", "plugin_files"} & set(path.parts)
    }

    assert lengths
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}
