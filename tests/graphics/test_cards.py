"""Graphics cards are seen as each system shows them, and nothing that it says is an error."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from lacuna_wire import cards
from lacuna_wire.cards import Card, from_linux, from_macos, from_nvidia, from_windows, see_cards
from tests.graphics.machines import (
    APPLE,
    INTEL_MAC,
    drm,
    hide_cards,
    macos,
    put_nvidia_smi,
    put_program,
    windows,
)

GIB = 2**30
ON_PATH = pytest.mark.skipif(os.name != "posix", reason="programs are scripts of POSIX")


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """A computer without any card; `computer(platform)` says which system it has."""
    programs = hide_cards(monkeypatch, tmp_path)

    def has(platform):
        monkeypatch.setattr(cards, "sys", SimpleNamespace(platform=platform))
        return programs

    return has


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_computer_without_cards_or_programs_has_none(computer, platform):
    computer(platform)

    assert see_cards() == []


@ON_PATH
def test_card_of_nvidia_is_known_by_its_driver(computer):
    programs = computer("linux")
    put_nvidia_smi(
        programs, r"NVIDIA GeForce RTX 4090, 570.86.15\nQuadro P600, 570.86.15\n", r"8.9\n6.1\n"
    )

    assert see_cards() == [
        Card("NVIDIA", "NVIDIA GeForce RTX 4090", "570.86.15", capability=89),
        Card("NVIDIA", "NVIDIA Quadro P600", "570.86.15", capability=61),
    ]


@ON_PATH
def test_old_driver_that_knows_no_capability_still_names_its_card(computer):
    put_nvidia_smi(computer("linux"), r"GeForce GTX 780, 470.256.02\n")

    assert see_cards() == [Card("NVIDIA", "NVIDIA GeForce GTX 780", "470.256.02")]


@pytest.mark.parametrize(
    "said",
    [
        "", "No devices were found\n", "Unable to determine the device handle for GPU 0000:01",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
        "[N/A], [N/A]\n", "\x00\xff, ,\n",
    ],
)  # fmt: skip
def test_what_nvidia_smi_says_when_it_fails_is_no_card(said):
    assert list(from_nvidia(said, said)) == []


@ON_PATH
def test_program_that_fails_hangs_or_says_nonsense_is_left_out(computer, monkeypatch):
    monkeypatch.setattr(cards, "ASK_S", 0.2)
    for platform in ("linux", "win32", "darwin"):
        programs = computer(platform)
        for name in ("nvidia-smi", "powershell", "system_profiler"):
            put_program(programs, name, "NVIDIA RTX, 580.1\n", code=9)
        assert see_cards() == []
        for name in ("powershell", "system_profiler"):
            put_program(programs, name, "\x07 no JSON {")
        late = "#!/bin/sh\n/bin/sleep 5\necho 'NVIDIA RTX, 580.1'\n"
        (programs / "nvidia-smi").write_text(late)
        assert see_cards() == []  # it is ended before it answers


@pytest.mark.parametrize("said", ["[]", "{}", "null", "3", '["x"]', '{"SPDisplaysDataType": 3}'])
def test_json_of_another_shape_is_no_card(said):
    assert [*from_macos(said), *from_windows(said)] == []


def test_linux_shows_cards_and_not_their_plugs(tmp_path, monkeypatch):
    names = tmp_path / "pci.ids"
    names.write_text(
        "# a list\n1001  Kolter\n1002  Advanced Micro Devices [AMD/ATI]\n"
        "\t164e  Raphael\n\t744c  Navi 31 [Radeon RX 7900 XTX]\n\t\t1002 0e3b  Board\n"
        "8086  Intel Corporation\n\t56a0  DG2 [Arc A770]\n\t744c  Another\n"
    )
    monkeypatch.setattr(cards, "NAMES_OF_PCI", (tmp_path / "none", names))
    folder = drm(
        tmp_path / "sys",
        ("0x8086", "0x4680", "i915", "0000:00:02.0", {}),
        ("0x1002", "0x744c", "amdgpu", "0000:03:00.0", {"mem_info_vram_total": 24 * GIB}),
        ("0x1002", "0x164e", "amdgpu", "0000:0c:00.0", {"mem_info_vram_total": GIB // 2}),
        ("0x8086", "0x56a0", "xe", "0000:04:00.0", {}),
        ("0x1234", "0x1111", "bochs-drm", "0000:05:00.0", {}),
        ("0x10de", "0x2684", "nouveau", "0000:06:00.0", {"product_name": ""}),
    )

    assert list(from_linux(folder)) == [
        Card("Intel", "Intel [4680]", "i915", integrated=True),
        Card("AMD", "AMD Radeon RX 7900 XTX", "amdgpu"),
        Card("AMD", "AMD Raphael", "amdgpu", integrated=True),
        Card("Intel", "Intel Arc A770", "xe"),
        Card("NVIDIA", "NVIDIA [2684]", "nouveau"),
    ]


def test_driver_of_nvidia_is_told_by_the_kernel_where_its_program_is_missing(
    computer, tmp_path, monkeypatch
):
    computer("linux")
    card = ("0x10de", "0x2684", "nvidia", "0000:01:00.0", {})
    monkeypatch.setattr(cards, "DRM", drm(tmp_path / "sys", card))
    (tmp_path / "version").write_text("535.183.01\n")
    monkeypatch.setattr(cards, "NVIDIA_DRIVER", tmp_path / "version")

    assert see_cards() == [Card("NVIDIA", "NVIDIA [2684]", "535.183.01")]


@ON_PATH
def test_card_that_driver_and_kernel_know_is_one_and_comes_before_the_processors(
    computer, tmp_path, monkeypatch
):
    programs = computer("linux")
    of_both = (
        ("0x8086", "0x4680", "i915", "0000:00:02.0", {}),
        ("0x10de", "0x2684", "nvidia", "0000:01:00.0", {}),
    )
    monkeypatch.setattr(cards, "DRM", drm(tmp_path / "sys", *of_both))
    put_nvidia_smi(programs, r"NVIDIA RTX A4000, 580.65.06\n", r"8.6\n")

    assert [card.name for card in see_cards()] == ["NVIDIA RTX A4000", "Intel [4680]"]


@ON_PATH
def test_macs_name_their_cards_in_json(computer):
    programs = computer("darwin")
    put_program(programs, "system_profiler", macos(APPLE))
    assert see_cards() == [Card("Apple", "Apple M2")]
    put_program(programs, "system_profiler", macos(*INTEL_MAC))
    assert see_cards() == [
        Card("AMD", "AMD Radeon Pro 5300M"),
        Card("Intel", "Intel UHD Graphics 630", integrated=True),
    ]


@ON_PATH
def test_windows_names_its_cards_in_json(computer):
    programs = computer("win32")
    said = windows(
        ("Intel(R) UHD Graphics 770", "31.0.101.4502", "8086"),
        ("NVIDIA GeForce RTX 3060", "32.0.15.6094", "10DE"),
        ("Microsoft Basic Display Adapter", "10.0.22621.1", "1414"),
    )
    put_program(programs, "powershell", f"\ufeff{said}")

    assert see_cards() == [
        Card("NVIDIA", "NVIDIA GeForce RTX 3060", "560.94"),
        Card("Intel", "Intel UHD Graphics 770", "31.0.101.4502", integrated=True),
    ]
    put_nvidia_smi(programs, r"NVIDIA GeForce RTX 3060, 560.94\n", r"8.6\n")
    assert see_cards()[0] == Card("NVIDIA", "NVIDIA GeForce RTX 3060", "560.94", capability=86)


@pytest.mark.parametrize(
    ("name", "vendor", "integrated"),
    [
        ("Intel(R) Arc(TM) A770 Graphics", "8086", False),
        ("Intel(R) Arc(TM) B580 Graphics", "8086", False),
        ("Intel(R) Arc(TM) Pro B50 Graphics", "8086", False),
        ("Intel(R) Arc(TM) A370M Graphics", "8086", False),
        ("Intel(R) Arc(TM) Graphics", "8086", True),
        ("Intel(R) Arc(TM) 140V GPU (16GB)", "8086", True),
        ("Intel(R) Iris(R) Xe Graphics", "8086", True),
        ("AMD Radeon RX 7800 XT", "1002", False),
        ("AMD Radeon PRO W7900", "1002", False),
        ("AMD Radeon(TM) Graphics", "1002", True),
        ("AMD Radeon(TM) 780M", "1002", True),
    ],
)
def test_windows_tells_graphics_of_processors_by_their_names(name, vendor, integrated):
    (card,) = from_windows(windows((name, "1.2.3.4", vendor)))

    assert card.integrated == integrated
    assert "(" not in card.name.replace("(16GB)", "")


def test_question_for_windows_is_one_that_powershell_reads():
    """Only its shape can be checked here: what is quoted, and that it makes a list of one, too."""
    script = cards.ASK_WINDOWS[-1]

    assert "ConvertTo-Json @(" in script
    assert script.count("(") == script.count(")")
    assert not {'"', "'"} & set(script)


def test_nothing_is_started_when_the_front_or_the_command_line_is_loaded():
    code = (
        "import sys, subprocess; subprocess.Popen = None\n"
        "import lacuna.cli, lacuna.service.serve; print('lacuna_wire.cards' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"
