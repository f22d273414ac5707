"""What is looked at before anything is downloaded: Python, the card, the room; and what is said."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lacuna_wire import LacunaError
from lacuna_wire.engine_install import offer as offers
from lacuna_wire.engine_install import places, pythons, words
from lacuna_wire.engine_install.offer import make_offer
from lacuna_wire.engine_install.output import InstallerOutput
from lacuna_wire.engine_install.places import carried_wheel
from lacuna_wire.engine_install.pythons import Maker, find_maker, install_command
from lacuna_wire.fitness import ComputerFacts
from lacuna_wire.refusals import refusal_text
from lacuna_wire.torch_builds import (
    AMOUNTS,
    CUDA_12,
    CUDA_13,
    TORCH,
    Amount,
    Computer,
    TorchChoice,
    amount_of,
    choose_build,
)
from lacuna_wire.translation import find_catalogue
from tests.graphics.test_graphics import (
    ARC,
    FERMI,
    IGPU,
    KEPLER,
    LINUX,
    M2,
    NOUVEAU,
    OLDER,
    PASCAL,
    RADEON,
    RTX,
    SILICON,
    WINDOWS,
)
from tests.installing.conftest import all_below

ROOT = Path(__file__).parents[2]
ARM = Computer("linux", "aarch64")


# The build of PyTorch


@pytest.mark.parametrize(
    ("computer", "card", "kind"),
    [
        (LINUX, RTX, ""), (WINDOWS, RTX, "cu130"), (LINUX, OLDER, "cu126"),
        (LINUX, PASCAL, "cu126"), (WINDOWS, PASCAL, "cu126"), (ARM, RTX, ""),
        (LINUX, RADEON, "rocm7.2"), (LINUX, ARC, "xpu"), (WINDOWS, ARC, "xpu"),
        (SILICON, M2, ""),
    ],
)  # fmt: skip
def test_card_gets_the_build_that_uses_it(computer, card, kind):
    assert choose_build([card, IGPU], computer) == TorchChoice(kind, card)


@pytest.mark.parametrize(
    ("computer", "cards", "kind"),
    [
        (LINUX, [], "cpu"), (LINUX, [IGPU], "cpu"), (LINUX, [KEPLER], "cpu"),
        (LINUX, [FERMI], "cpu"), (LINUX, [NOUVEAU], "cpu"), (ARM, [], "cpu"),
        (ARM, [RADEON], "cpu"), (WINDOWS, [], ""), (WINDOWS, [RADEON], ""), (SILICON, [], ""),
    ],
)  # fmt: skip
def test_without_a_card_that_it_would_use_the_build_is_the_small_one(computer, cards, kind):
    assert choose_build(cards, computer) == TorchChoice(kind)


def test_version_is_one_that_the_wheel_takes():
    """Otherwise pip would refuse what the plug-in asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = (each for each in map(Requirement, project["dependencies"]) if each.name == "torch")

    assert wanted.specifier.contains(TORCH)
    assert wanted.specifier.contains(f"{TORCH}+cpu")


def test_amounts_are_those_of_builds_that_are_chosen():
    chosen = {
        (computer, choice.kind)
        for computer in (LINUX, WINDOWS, ARM, SILICON)
        for cards in ([], [RTX], [PASCAL], [RADEON], [ARC])
        for choice in [choose_build(cards, computer)]
        if amount_of(choice, computer).download
    }

    assert len(chosen) == len(AMOUNTS)
    for amount in AMOUNTS.values():
        assert 10**8 < amount.download < amount.disk < 10**10
    assert amount_of(TorchChoice("cu126"), LINUX).download == 0, "nobody could ask"
    assert CUDA_13[1] > CUDA_12[1]


# Python


def python_that_says(folder, name, version=(3, 12, 1), venv=True, bits=64, base="/usr", **more):
    """A program that answers as a Python of this kind."""
    system = more.get("platform", "linux-x86_64")
    facts = {"version": list(version), "bits": bits, "base": base, "platform": system}
    program = folder / name
    said = f"{facts} ".replace("'", '"').strip()[:-1] + f', "venv": {str(venv).lower()}}}'
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def programs(tmp_path, monkeypatch, home):
    """All programs that there are on this computer."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    monkeypatch.setattr(
        pythons, "_places", lambda: (str(path) for path in sorted(folder.glob("python*")))
    )
    return folder


def test_newest_python_that_will_do_is_found(programs):
    python_that_says(programs, "python3.11", (3, 11, 2))
    best = python_that_says(programs, "python3.13", (3, 13, 5))
    python_that_says(programs, "python3.14", (3, 14, 0), venv=False)
    python_that_says(programs, "python3.15", (3, 15, 0))
    python_that_says(programs, "python3.9", (3, 9, 1))
    (programs / "python3.12").write_text("#!/bin/sh\nexit 9\n")
    (programs / "python3.12").chmod(0o755)

    assert find_maker() == Maker("python", best, "3.13.5")


def test_python_of_these_tests_is_one(home):
    maker = find_maker()

    assert maker.kind == "python"
    assert maker.version.startswith("3.1")


@pytest.mark.parametrize(
    ("own", "variables"),
    [
        ({"base": "/tmp/.mount_krita/usr"}, {"APPDIR": "/tmp/.mount_krita"}),
        ({"base": "/Applications/GIMP.app/Contents/Resources"}, {}),
        ({"bits": 32}, {}),
        ({"platform": "macosx-10.9-x86_64"}, {}),
    ],
)
def test_python_of_an_editor_or_for_another_computer_is_passed_over(
    programs, monkeypatch, own, variables
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    python_that_says(programs, "python3", **own)

    with pytest.raises(LacunaError, match="Install"):
        find_maker()


def test_uv_does_where_no_python_does(programs):
    python_that_says(programs, "python3", (3, 9, 18))
    uv = programs / "uv"
    uv.write_text("#!/bin/sh\necho 'uv 0.9.2 (abc 2026-01-01)'\n")
    uv.chmod(0o755)

    assert find_maker() == Maker("uv", str(uv), "0.9.2")
    assert find_maker().name == "uv 0.9.2"


def as_if_on(monkeypatch, **release):
    monkeypatch.setattr(pythons, "_release_of_system", lambda: release)


def test_missing_part_of_python_comes_with_the_command_for_it(programs, monkeypatch):
    as_if_on(monkeypatch, ID="linuxmint", ID_LIKE="ubuntu debian")
    program = python_that_says(programs, "python3", (3, 12, 3), venv=False)

    with pytest.raises(LacunaError) as caught:
        find_maker()

    said = refusal_text(caught.value)
    assert program in said
    assert "`sudo apt install python3.12-venv`" in said


@pytest.mark.parametrize(
    ("version", "release", "expected"),
    [
        (None, {"ID": "debian"}, "has none. Install one (`sudo apt install python3-venv`)"),
        (None, {"ID": "fedora"}, "has none. Install one (`sudo dnf install python3`)"),
        (None, {"ID": "nixos"}, "has none. Install one (python.org)"),
        ((3, 8, 2), {"ID": "debian"}, "has 3.8.2. Install a newer one (python.org)"),
    ],
)
def test_no_python_is_one_sentence_with_what_helps(
    programs, monkeypatch, home, version, release, expected
):
    as_if_on(monkeypatch, **release)
    if version:
        python_that_says(programs, "python3", version)

    with pytest.raises(LacunaError) as caught:
        find_maker()

    assert expected in caught.value.message
    assert expected in refusal_text(caught.value)
    assert all_below(home) == set()


def test_command_on_windows_names_a_version(monkeypatch):
    monkeypatch.setattr(pythons.sys, "platform", "win32")

    assert re.fullmatch(r"winget install Python\.Python\.3\.1[1-4]", install_command((3, 14)))


# The offer


def test_offer_says_how_much_and_where_and_writes_nothing(home, carried):
    offer = make_offer()
    text = words.offer_text(offer)

    assert offer.wheel == carried
    assert "~/.local/share/lacuna/engine" in text
    assert offer.maker.name in text
    assert text.endswith("It will fill on the processor.")
    assert words.amount(offer.amount.download) in text
    assert words.amount(offer.amount.disk) in text
    assert all_below(home) == set()
    german = words.offer_text(offer, find_catalogue(["de"]).gettext)
    assert "Lacunas Kern" in german
    assert "1,3 GB" in german


def test_offer_names_the_card(home, carried, monkeypatch):
    monkeypatch.setattr(offers, "see_cards", lambda: [RTX])

    assert f"graphics card: {RTX.name}." in words.offer_text(make_offer())


def test_too_little_room_is_told_before_the_click(home, carried, disk_of):
    disk = disk_of("64m")
    (home / ".local").symlink_to(disk)

    with pytest.raises(LacunaError) as caught:
        make_offer()

    assert caught.value.code == "install_no_room"
    assert "67 MB are free" in refusal_text(caught.value)
    assert all_below(disk) == set()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (("darwin", "x86_64", 64, (3, 12), False, True), "Intel processor"),
        (("linux", "i686", 32, (3, 12), False, None), "32-bit system"),
    ],
)
def test_computer_that_can_never_run_it_is_told_so(carried, monkeypatch, facts, said):
    monkeypatch.setattr(offers, "facts_of_this_computer", lambda: ComputerFacts(*facts))

    with pytest.raises(LacunaError, match=said):
        make_offer()


def test_old_processor_is_told_that_fills_take_long(carried, monkeypatch):
    facts = ComputerFacts("linux", "x86_64", 64, (3, 12), False, False)
    monkeypatch.setattr(offers, "facts_of_this_computer", lambda: facts)

    assert words.SLOW in words.offer_text(make_offer())


@pytest.mark.parametrize("variable", ["FLATPAK_ID", "SNAP"])
def test_sandbox_offers_nothing(carried, monkeypatch, variable):
    assert carried_wheel() == carried
    monkeypatch.setenv(variable, "org.kde.krita")

    assert carried_wheel() is None


def test_plugin_without_a_wheel_offers_nothing(home):
    assert carried_wheel() is None
    assert places.WHEELS.parent == Path(places.__file__).parents[2]


# What pip and uv print


def read(*lines):
    output = InstallerOutput()
    for line in lines:
        output.read(line)
    return output


def test_bytes_of_pip_add_up_over_all_packages():
    output = read(
        "Collecting torch==2.13.0",
        "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (29 kB)",
        "Collecting numpy", "  Downloading torch-2.13.0-cp311.whl (192 MB)",
        "Progress 0 of 1000", "Progress 600 of 1000", "Progress 1000 of 1000",
        "  Downloading numpy-2.0-cp311.whl (1 MB)", "Progress 50 of 100",
    )  # fmt: skip

    assert (output.done, output.file, output.unpacking) == (1050, "numpy", False)
    output.read("Installing collected packages: numpy, torch")
    assert output.unpacking


def test_sizes_of_uv_count_when_a_package_has_come():
    output = read(
        "Resolved 35 packages in 1s", "Downloading torch (2.0MiB)", "Downloading x (1KiB)"
    )
    assert (output.done, output.file) == (0, "x")

    output.read(" Downloaded torch")
    assert output.done == 2 << 20
    output.read("Prepared 35 packages in 12s")
    assert output.unpacking


@pytest.mark.parametrize(
    ("line", "why", "detail"),
    [
        ("OSError: [Errno 28] No space left on device: '/x'", "no_room", ""),
        ("ERROR: Could not install packages due to an OSError: [WinError 112] ...", "no_room", ""),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError("
            "\"HTTPSConnection(host='index.example', port=443): Failed\")': /simple/torch/",
            "no_network", "index.example",
        ),
        (
            "error: Request failed after 3 retries: error sending request for url "
            "(https://index.example/simple/torch/)",
            "no_network", "index.example",
        ),
        ("ERROR: No matching distribution found for torch==9", "failed",
         "No matching distribution found for torch==9"),
        ("something odd.", "failed", "something odd"),
    ],
)  # fmt: skip
def test_reason_is_read_from_what_was_said(line, why, detail):
    assert read("Collecting torch", line).failure() == (why, detail)


def test_amount_that_is_unknown_is_not_told_as_nothing(home, carried, monkeypatch):
    offer = make_offer()._replace(amount=Amount(0, 1))

    assert "several GB" in words.offer_text(offer)
    assert "0 B" not in words.offer_text(offer)
